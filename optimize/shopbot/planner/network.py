"""The planner's network: a MiniLM encoder with two heads. Needs torch; used for training and export only."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from shopbot.optimize.encoder import encoder_folder
from shopbot.optimize.shopbot.conversations.labels import ACTS, TAGS


class PlannerModel(nn.Module):  # type: ignore[misc, unused-ignore]
    """Acts from the [CLS] vector and the mean of the message, span tags from every token. Outputs are logits."""

    def __init__(self, layers: int, *, pretrained: bool = True, tokens: int | None = None) -> None:
        """`layers`: how many of the base model's; `tokens`: the size of a trimmed token table, for loading only."""
        super().__init__()
        folder = encoder_folder()
        config = BertConfig.from_pretrained(folder)
        # On a CPU the backward pass of fused attention is a third slower than the plain one.
        config._attn_implementation = "eager"
        config.attention_probs_dropout_prob = 0.0
        if tokens is not None:
            config.vocab_size = tokens
        self.encoder = (
            BertModel.from_pretrained(folder, config=config, add_pooling_layer=False)
            if pretrained
            else BertModel(config, add_pooling_layer=False)
        )
        self.encoder.encoder.layer = self.encoder.encoder.layer[:layers]
        self.encoder.config.num_hidden_layers = layers
        self.encoder.embeddings.word_embeddings.weight.requires_grad_(False)
        width = config.hidden_size
        self.dropout = nn.Dropout(0.1)
        self.acts = nn.Linear(2 * width, len(ACTS))
        self.tags = nn.Linear(width, len(TAGS))

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        message = (token_type_ids * attention_mask).unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * message).sum(1) / message.sum(1).clamp(min=1)
        pooled = torch.cat([hidden[:, 0], mean], dim=-1)
        return self.acts(self.dropout(pooled)), self.tags(self.dropout(hidden))
