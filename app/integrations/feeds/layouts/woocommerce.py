"""WooCommerce's product CSV: variations are rows of their own that name their parent by SKU or `id:123`, before or
after it. Headers are translated in localised shops and carry the shop's units. No currency.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from app.integrations.contracts.catalogue import SourceProduct, SourceVariant
from app.integrations.feeds import fields
from app.integrations.feeds.cells import (
    Cells,
    images_reader,
    status_of,
    stock_reader,
    tags_of,
    text_reader,
    weight_reader,
)
from app.integrations.feeds.columns import Columns
from app.integrations.feeds.descriptions import to_html
from app.integrations.feeds.errors import RowRefused
from app.integrations.feeds.headers import normalised
from app.integrations.feeds.layout import Layout
from app.integrations.feeds.mapping import (
    Context,
    State,
    attributes_reader,
    gtin_reader,
    identity,
    identity_reader,
    offer_reader,
    one_line,
    variant_id,
)

_SYNONYMS = {
    "id": "id",
    "type": "type | typ | tipo",
    "sku": "sku | artikelnummer | ugs | codice sku | artikelnr",
    "gtin": """gtin upc ean or isbn | gtin upc ean oder isbn | gtin upc ean ou isbn | gtin upc ean o isbn | gtin |
        ean""",
    "title": "name | nom | nombre | nome | naam",
    "published": "published | veröffentlicht | publié | publicado | pubblicato | gepubliceerd",
    "short_description": """short description | kurzbeschreibung | description courte | descripción corta |
        breve descrizione | korte beschrijving""",
    "description": "description | beschreibung | descripción | descrizione | beschrijving",
    "sale_starts": """date sale price starts | datum an dem angebotspreis beginnt | date de début de promo |
        día en que empieza el precio rebajado | inizio data prezzo in offerta""",
    "sale_ends": """date sale price ends | datum an dem angebotspreis endet | date de fin de promo |
        día en que termina el precio rebajado | fine data prezzo in offerta""",
    "availability": """in stock | auf lager | vorrätig | en stock | existencias | hay existencias | in magazzino |
        op voorraad""",
    "stock": "stock | lager | lagerbestand | bestand | inventario | magazzino | voorraad",
    "weight": " | ".join(
        f"{word} {unit}" for word in ("weight", "gewicht", "poids", "peso") for unit in ("kg", "g", "lbs", "oz")
    ),
    "sale_price": "sale price | angebotspreis | tarif promo | precio rebajado | prezzo in offerta | actieprijs",
    "price": """regular price | regulärer preis | normaler preis | tarif régulier | precio normal | prezzo di listino |
        reguliere prijs""",
    "category": "categories | kategorien | catégories | categorías | categorie | categorieën",
    "tags": "tags | schlagwörter | étiquettes | etiquetas | tag",
    "image": "images | bilder | imágenes | immagini | afbeeldingen",
    "parent": "parent | übergeordnetes produkt | übergeordnet | superior | genitore | hoofdproduct",
    "url": "external url | externe url | url externe | url externa | url esterno",
    "brand": "brands | brand | marken | marques | marcas | marchi",
}
_NAMES = {name: field for field, names in _SYNONYMS.items() for part in names.split("|") if (name := normalised(part))}
_TYPES = frozenset({"simple", "variable", "variation", "grouped", "external"})
_LIST = re.compile(r"(?<!\\),\s{0,9}")
_NAME_WORDS = frozenset({"name", "nom", "nome", "nombre", "naam"})
_VALUE_WORDS = ("value", "wert", "valeur", "valor", "waarde")


class WooCommerceMapper:
    """Maps each row by itself, variations as fragments of their parent (see mapping.RowMapper)."""

    may_pause = True

    def __init__(self, context: Context, rows: Callable[[], Iterator[Cells]]) -> None:
        columns = context.columns
        self._columns = columns
        self._identity, self._sku = identity_reader(columns), text_reader(columns, "sku")
        self._id, self._type = text_reader(columns, "id"), text_reader(columns, "type")
        self._parent = text_reader(columns, "parent")
        self._title, self._url = text_reader(columns, "title"), text_reader(columns, "url")
        self._long, self._short = text_reader(columns, "description"), text_reader(columns, "short_description")
        self._brand, self._tags = text_reader(columns, "brand"), text_reader(columns, "tags")
        self._category, self._published = text_reader(columns, "category"), text_reader(columns, "published")
        self._images, self._weight = images_reader(columns), weight_reader(columns)
        self._offer = offer_reader(context, _sale_window(context))
        self._stock, self._gtin = stock_reader(columns), gtin_reader(context)
        self._attribute_columns = _attribute_columns(columns)
        self._meta = attributes_reader(_kept(columns))
        self._parents = self._ids_by_sku(rows) if columns.index("id") >= 0 else {}

    def map_row(self, line: int, cells: Cells) -> SourceProduct:
        """The product of a row, or a variation as a fragment of its parent."""
        kind = _kind(self._type(cells))
        if kind == "variation":
            return self._variation(line, cells)
        attributes = self._attributes(cells)
        description = self._description(cells)
        sellable = kind in {"simple", "external"}
        return SourceProduct(
            external_id=self._identity(cells),
            line=line,
            title=one_line(self._title(cells)),
            sku=self._sku(cells),
            description_html=description,
            brand=self._brand(cells),
            category_path=_first_path(self._category(cells)),
            tags=tags_of(self._tags(cells)),
            url=self._url(cells),
            images=self._images(cells),
            attributes=attributes | self._meta(cells),
            status=status_of(self._published(cells)),
            variants=(self._variant(line, cells, self._identity(cells), {}),) if sellable else (),
            fragment=kind == "variable",
        )

    def raw(self, cells: Cells) -> Cells:
        """Names the parent of a variation by id, so that the row needs no parent beside it."""
        index = self._columns.index("parent")
        known = self._parents.get(cells[index].strip()) if index >= 0 else None
        if known is None:
            return cells
        return [*cells[:index], f"id:{known}", *cells[index + 1 :]]

    def state(self) -> State:
        """Rows leave nothing behind: parents are looked up before reading."""
        return {}

    def restore(self, state: State) -> None:
        """Nothing to restore."""

    def _variation(self, line: int, cells: Cells) -> SourceProduct:
        parent = self._parent_id(cells)
        options = {name: value for name, value in self._attributes(cells).items() if value}
        own_id = self._id(cells) or self._sku(cells) or variant_id(parent, list(options.values()))
        variant = self._variant(line, cells, identity(own_id, -1), options)
        images = self._images(cells)
        if status_of(self._published(cells)) == "draft":
            variant = replace(variant, stock=0, availability="out_of_stock")  # switched off in the shop
        return SourceProduct(
            external_id=parent,
            line=line,
            images=images,
            options=tuple(options),
            variants=(replace(variant, image_url=images[0].url) if images else variant,),
            fragment=True,
        )

    def _parent_id(self, cells: Cells) -> str:
        named, column = self._parent(cells), self._columns.index("parent")
        if named is None:
            raise RowRefused(
                "parent_missing",
                "A variation must name its product. Write the parent's SKU or id:123 into the column 'Parent'.",
                column,
            )
        if named.startswith("id:"):
            return identity(named.removeprefix("id:").strip() or named, column)
        if self._columns.index("id") < 0:
            return identity(named, column)
        if named not in self._parents:
            raise RowRefused(
                "parent_unknown",
                f"Column '{self._columns.name(column)}' names the product '{named[:60]}', which the file lacks. "
                "Add its row, or write its number as id:123.",
                column,
            )
        return self._parents[named]

    def _variant(self, line: int, cells: Cells, own_id: str, options: dict[str, str]) -> SourceVariant:
        price, compare_at_price, cost, currency = self._offer(cells)
        stock, availability = self._stock(cells)
        if availability == "out_of_stock":
            stock = 0  # the flag wins over a quantity that contradicts it
        gtin, gtin_raw = self._gtin(line, cells)
        return SourceVariant(
            external_id=own_id,
            line=line,
            sku=self._sku(cells),
            gtin=gtin,
            gtin_raw=gtin_raw,
            price=price,
            compare_at_price=compare_at_price,
            cost=cost,
            currency=currency,
            stock=stock,
            availability=availability,
            weight_g=self._weight(cells),
            options=options,
        )

    def _description(self, cells: Cells) -> str | None:
        text = self._long(cells) or self._short(cells)
        return to_html(text.replace("\\n", "\n")) if text else None

    def _attributes(self, cells: Cells) -> dict[str, str]:
        return {
            name[: fields.MAX_ATTRIBUTE_NAME]: value.replace("\\,", ",")[: fields.MAX_ATTRIBUTE_VALUE]
            for name_at, value_at in self._attribute_columns
            if (name := cells[name_at].strip()) and (value := cells[value_at].strip())
        }

    def _ids_by_sku(self, rows: Callable[[], Iterator[Cells]]) -> dict[str, str]:
        found: dict[str, str] = {}
        for cells in rows():
            if _kind(self._type(cells)) == "variable" and (sku := self._sku(cells)) and (own_id := self._id(cells)):
                found.setdefault(sku, own_id)
        return found


def _kind(text: str | None) -> str:
    """The one of a list such as "simple, downloadable, virtual" that says how a row is sold."""
    if text is None:
        return "simple"
    return next((part for part in map(str.strip, text.casefold().split(",")) if part in _TYPES), "simple")


def _first_path(text: str | None) -> tuple[str, ...]:
    if text is None:
        return ()
    first = _LIST.split(text)[0].replace("\\,", ",")
    return tuple(level for part in first.split(">") if (level := part.strip()))


def _attribute_columns(columns: Columns) -> list[tuple[int, int]]:
    """The columns of attribute names and values, paired by their number."""
    names: dict[str, int] = {}
    values: dict[str, int] = {}
    for column in columns.all:
        words = normalised(column.name).split()
        number = next((word for word in words if word.isdigit()), None)
        if number is None or not any("attribut" in word or "atribut" in word for word in words):
            continue
        if _NAME_WORDS & set(words):
            names[number] = column.index
        elif any(word.startswith(_VALUE_WORDS) for word in words):
            values[number] = column.index
    return [(index, values[number]) for number, index in names.items() if number in values]


def _kept(columns: Columns) -> dict[str, int]:
    """Meta columns of the shop's plugins, without the private ones, and what the seller's mapping keeps."""
    meta = {
        name: column.index
        for column in columns.all
        if column.field is None and column.name.startswith("Meta:")
        if (name := column.name.removeprefix("Meta:").strip()) and not name.startswith("_")
    }
    return meta | {columns.name(index): index for index in columns.indexes("attribute")}


def _sale_window(context: Context) -> Callable[[Cells], bool]:
    """Whether the row's sale price is on now; a date that cannot be read closes the window."""
    starts, ends = context.columns.index("sale_starts"), context.columns.index("sale_ends")

    def is_on(cells: Cells) -> bool:
        try:
            first = _date(cells[starts]) if starts >= 0 else None
            last = _end_of(cells[ends]) if ends >= 0 else None
        except ValueError:
            return False
        now = context.now.replace(tzinfo=None)
        return (first is None or first <= now) and (last is None or now <= last)

    return is_on


def _date(text: str) -> datetime | None:
    """A moment by the shop's own clock."""
    text = text.strip()
    return datetime.fromisoformat(text).replace(tzinfo=None) if text else None


def _end_of(text: str) -> datetime | None:
    """The last moment; a day without a time counts as a whole."""
    moment = _date(text)
    return moment + timedelta(days=1) if moment and len(text.strip()) == len("2026-12-31") else moment


def _recognises(names: frozenset[str]) -> bool:
    found = {_NAMES[name] for name in names if name in _NAMES}
    return (
        {"type", "title"} <= found and bool(found & {"price", "sale_price"}) and bool(found & {"parent", "published"})
    )


LAYOUT = Layout("woocommerce", _NAMES, _recognises, WooCommerceMapper)
