"""ShopBot's own engine, `planner`: a small encoder reads the customer's message, the plan says what comes next."""
