"""From the query parameters of the product list to the WHERE and ORDER BY of its SQL. Values travel as parameters, all
of them as text with a cast in the statement, so that one driver call fits every filter.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.core.pagination import Order
from app.products.documents import Tables
from app.products.schemas import ProductFilter


@dataclass(slots=True)
class Parameters:
    """The values of a statement in order of their `$n`."""

    values: list[str] = field(default_factory=list)

    def add(self, value: object, cast: str = "text") -> str:
        """Take a value in and answer how the statement names it."""
        self.values.append(str(value))
        return f"${len(self.values)}::text" + ("" if cast == "text" else f"::{cast}")


@dataclass(frozen=True, slots=True)
class SortKey:
    """One order of the list: its SQL over the product `p`, its type, and whether rows can lack it."""

    sql: str
    cast: str
    nullable: bool = False


SORTS = {
    "created_at": SortKey("p.created_at", "timestamptz"),
    "updated_at": SortKey("p.updated_at", "timestamptz"),
    "price": SortKey("p.price", "numeric", nullable=True),
    "title": SortKey("lower(p.title)", "text"),
    "sku": SortKey("p.sku", "text", nullable=True),
}
DEFAULT_SORT = "-created_at"


def _category_and_below(tables: Tables, chosen: str) -> str:
    categories = tables("categories")
    return (
        f"ARRAY(WITH RECURSIVE below AS (SELECT id FROM {categories} WHERE {chosen} UNION"
        f" SELECT child.id FROM {categories} child JOIN below ON child.parent_id = below.id) SELECT id FROM below)"
    )


def _in_category(tables: Tables, category_id: str) -> str:
    return f"p.category_id = ANY({_category_and_below(tables, f'id = {category_id}')})"


def _in_named_category(tables: Tables, name: str) -> str:
    return f"p.category_id = ANY({_category_and_below(tables, f'lower({name}) IN (lower(name), lower(path))')})"


def _with_sku(tables: Tables, sku: str) -> str:
    # An array is looked up first and once; IN would let the planner walk the whole list in its order (258 ms, not 1).
    return (
        f"p.id = ANY(ARRAY(SELECT v.product_id FROM {tables('variants')} v"
        f" WHERE lower(v.sku) = lower({sku}) AND v.sku IS NOT NULL AND v.deleted_at IS NULL))"
    )


def _from_source(tables: Tables, source_id: str) -> str:
    return (
        f"EXISTS (SELECT FROM {tables('source_products')} sp JOIN {tables('sources')} s ON s.id = sp.source_id"
        f" WHERE sp.product_id = p.id AND {source_id} IN (s.id, s.connection_id))"
    )


def _in_stock(tables: Tables) -> str:
    return (
        f"EXISTS (SELECT FROM {tables('variants')} v JOIN {tables('stock_balances')} b ON b.variant_id = v.id"
        " WHERE v.product_id = p.id AND v.deleted_at IS NULL AND b.on_hand > b.reserved)"
    )


Condition = Callable[[Tables, str], str]

# Parameter of the list -> the type of its value in SQL, and its condition from the tables and the value.
FILTERS: dict[str, tuple[str, Condition]] = {
    "status": ("text", lambda _, value: f"p.status = {value}"),
    "category_id": ("uuid", _in_category),
    "category": ("text", _in_named_category),
    "brand": ("text", lambda _, value: f"lower(p.brand) = lower({value})"),
    "supplier_id": ("uuid", _from_source),
    "q": ("text", lambda _, value: f"p.search @@ public.search_query({value})"),
    "sku": ("text", _with_sku),
    "min_price": ("numeric", lambda _, value: f"p.price >= {value}"),
    "max_price": ("numeric", lambda _, value: f"p.price <= {value}"),
    "tag": ("text", lambda _, value: f"p.tags @> ARRAY[{value}]"),
    "updated_since": ("timestamptz", lambda _, value: f"p.updated_at >= {value}"),
}


def conditions(query: ProductFilter, tables: Tables, parameters: Parameters) -> list[str]:
    """The conditions that a product `p` must meet."""
    found = ["p.deleted_at IS NULL"]
    for name, (cast, condition) in FILTERS.items():
        value = getattr(query, name)
        if value is not None:
            text = value.isoformat() if isinstance(value, datetime) else value
            found.append(condition(tables, parameters.add(text, cast)))
    if query.in_stock is not None:
        found.append(_in_stock(tables) if query.in_stock else f"NOT {_in_stock(tables)}")
    return found


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: after the key of a cursor, or after a number of rows; and how long it is."""

    limit: int
    offset: int = 0
    after: Sequence[str | None] | None = None


def page_sql(tables: Tables, where: Sequence[str], order: Order, place: Place, parameters: Parameters) -> str:
    """The SELECT of one page of products, each with its `sort_key` as text, in order.

    Rows without the sort value come last in both directions. PostgreSQL's index order has them first when it descends,
    so they are a second branch: each branch walks one index, and the union sorts no more than two pages.
    """
    sort = SORTS[order.name]
    direction = "DESC" if order.descending else "ASC"
    branches = []
    after_null = place.after is not None and place.after[0] is None
    if not after_null:
        present = [f"{sort.sql} IS NOT NULL"] if sort.nullable else []
        branches.append(_branch(tables, [*where, *present, *_beyond(sort, order, place, parameters)], order, place))
    if sort.nullable:
        absent = [f"{sort.sql} IS NULL", *(_beyond(sort, order, place, parameters) if after_null else [])]
        branches.append(_branch(tables, [*where, *absent], order, place))
    if len(branches) == 1:
        return f"{branches[0]} OFFSET {place.offset}" if place.offset else branches[0]
    union = " UNION ALL ".join(f"({branch})" for branch in branches)
    return (
        f"SELECT * FROM ({union}) both_branches ORDER BY sort_value {direction} NULLS LAST, id {direction}"
        f" LIMIT {place.limit} OFFSET {place.offset}"
    )


def _branch(tables: Tables, where: Sequence[str], order: Order, place: Place) -> str:
    sort = SORTS[order.name]
    direction = "DESC" if order.descending else "ASC"
    return (
        f"SELECT p.*, {sort.sql} AS sort_value FROM {tables('products')} p WHERE {' AND '.join(where)}"
        f" ORDER BY {sort.sql} {direction}, p.id {direction} LIMIT {place.limit + place.offset}"
    )


def _beyond(sort: SortKey, order: Order, place: Place, parameters: Parameters) -> list[str]:
    if place.after is None:
        return []
    sign = "<" if order.descending else ">"
    value, last_id = place.after
    last = parameters.add(last_id, "uuid")
    if value is None:
        return [f"p.id {sign} {last}"]
    return [f"({sort.sql}, p.id) {sign} ({parameters.add(value, sort.cast)}, {last})"]
