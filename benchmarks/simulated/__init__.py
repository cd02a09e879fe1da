"""Customers with goals, moods and styles, who talk to ShopBot in words that its engine was never trained on."""
