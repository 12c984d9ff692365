"""Ready JSON of products as HTTP answers, with their entity tags."""

from collections.abc import Mapping

from starlette.responses import Response

from app.products.reads import Document

JSON = "application/json"


def page_answer(page: bytes) -> Response:
    """A page that was made as JSON already."""
    return Response(page, media_type=JSON)


def product_answer(product: Document, status_code: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A product with its entity tag."""
    return Response(product.body, status_code, {**(headers or {}), "ETag": product.etag}, JSON)
