"""Real language models in ShopBot, and beside it: simulated customers, judged by what the shop holds afterwards."""
