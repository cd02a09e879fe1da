"""What a message can do (acts) and which values it can carry (span kinds), in the order of the model's outputs."""

ACTS: tuple[str, ...] = (
    "want_return",
    "want_tracking",
    "want_order_details",
    "want_order_list",
    "want_return_status",
    "give_order_number",
    "give_email",
    "choose_items",
    "choose_everything",
    "add_items",
    "remove_items",
    "nothing_more",
    "confirm",
    "decline",
    "cancel",
    "ask_policy",
    "calculate",
    "hand_over",
    "greet",
    "thanks",
    "bye",
    "smalltalk",
    "complain",
    "out_of_scope",
    "other_language",
    "unclear",
    "cannot_provide",
)

SPAN_KINDS: tuple[str, ...] = ("ORDER", "EMAIL", "ITEM", "QTY", "EXPR")

TAGS: tuple[str, ...] = ("O", *(f"{place}-{kind}" for kind in SPAN_KINDS for place in "BI"))
