"""The shop behind ShopBot: order database, policies, carrier, mail and fulfilment."""
