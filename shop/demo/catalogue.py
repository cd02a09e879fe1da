"""The demo shop's customers and products, read from their YAML files into database rows. Writes nothing."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, RootModel

from shopbot.shop.database.models import Customer, Product
from shopbot.shop.yaml_file import read_yaml

FOLDER = Path(__file__).parent


class _Category(BaseModel):
    model_config = ConfigDict(extra="forbid")

    prefix: str
    products: dict[str, int]
    final_sale: frozenset[str] = frozenset()


class _ProductsFile(RootModel[dict[str, _Category]]):
    pass


class _CustomersFile(RootModel[list[tuple[str, str, str, str, str, str, str, str]]]):
    pass


def read_customers() -> list[Customer]:
    """The customers, numbered from 1."""
    return [
        Customer(
            id=number,
            name=name,
            email=email,
            street1=street1,
            street2=street2,
            city=city,
            state=state,
            zip=code,
            country="US",
            phone=phone,
        )
        for number, (name, email, street1, street2, city, state, code, phone) in enumerate(
            read_yaml(FOLDER / "customers.yaml", _CustomersFile).root, start=1
        )
    ]


def read_products() -> list[Product]:
    """The products; the SKU counts within the category."""
    categories = read_yaml(FOLDER / "products.yaml", _ProductsFile).root
    return [
        Product(
            sku=f"{category.prefix}-{number:03d}",
            name=product,
            category=name,
            unit_price=price,
            final_sale=product in category.final_sale,
        )
        for name, category in categories.items()
        for number, (product, price) in enumerate(category.products.items(), start=1)
    ]
