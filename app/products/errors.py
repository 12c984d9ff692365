"""What can go wrong with products, in the caller's words."""

from app.core.errors import Conflict, NotFound, Unprocessable


class ProductNotFound(NotFound):
    code, title = "product_not_found", "There is no such product"


class VariantNotFound(NotFound):
    code, title = "variant_not_found", "This product has no such variant"


class ImageNotFound(NotFound):
    code, title = "image_not_found", "This product has no such image"


class CategoryNotFound(NotFound):
    code, title = "category_not_found", "There is no such category"


class SkuNotFound(NotFound):
    code, title = "sku_not_found", "No variant has this SKU"


class SkuTaken(Conflict):
    code, title = "sku_taken", "Another variant has this SKU already"


class SkuAmbiguous(Conflict):
    """Two sources use one SKU for different goods."""

    code, title = "sku_ambiguous", "Several variants of different sources have this SKU; name the variant by its id"


class IllegalStatusMove(Conflict):
    code, title = "illegal_status_move", "A product cannot go from its present status to this one"


class ProductNotReady(Conflict):
    """A published product needs a price and a currency."""

    code, title = "product_not_ready", "The product lacks what it needs to be published"


class ProductNotDeleted(Conflict):
    code, title = "product_not_deleted", "This product is not deleted, so there is nothing to restore"


class LastVariant(Conflict):
    code, title = "last_variant", "A product keeps at least one variant; delete the product instead"


class VariantReserved(Conflict):
    code, title = "variant_reserved", "Orders hold stock of this variant; it cannot go before they are done"


class TooManyParts(Unprocessable):
    code, title = "too_many_parts", "A product cannot have more of these"


class OptionsTaken(Conflict):
    code, title = "options_taken", "Another variant of this product has the same options"


class CategoryNameTaken(Conflict):
    code, title = "category_name_taken", "There is such a category here already"


class CategoryNotEmpty(Conflict):
    code, title = "category_not_empty", "There are categories below this one; move or delete them first"


class CategoryLoop(Conflict):
    code, title = "category_loop", "A category cannot stand below itself"


class CategoryTooDeep(Unprocessable):
    code, title = "category_too_deep", "The tree would become too deep, or the path too long"


class CategoryUnknown(Unprocessable):
    code, title = "category_unknown", "The named category does not exist"


class FieldNotLockable(NotFound):
    code, title = "field_not_lockable", "Products have no such field that could be locked"


class BulkRefused(Unprocessable):
    code, title = "bulk_refused", "Some rows are wrong, so none was created"


class PriceUpdateRefused(Unprocessable):
    code, title = "price_update_refused", "Some prices cannot be changed like this, so none was"
    mend = "Mend what `errors` names, choose other goods, or let `error_policy` be `reject_failed_rows`."
