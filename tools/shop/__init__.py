"""What ShopBot can do, one file an action; `desk` is what all of them work with."""
