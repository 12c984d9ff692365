"""Whether a key opens an account."""

from app.integrations.bigbuy.client import Api, open_api
from app.integrations.bigbuy.errors import Refused
from app.integrations.bigbuy.settings import BigBuy
from app.integrations.contracts.access import Access, Account
from app.integrations.contracts.errors import AuthExpired


async def check_credentials(access: Access) -> Account:
    """See contracts.access.CredentialsCheck. BigBuy does not name the account."""
    own = BigBuy.model_validate(access.settings)
    async with open_api(access, to="account") as client:
        try:
            await Api(client, own).get_status()
        except Refused as refused:
            if refused.number == "403":
                raise AuthExpired(refused.detail) from None
            raise
    return Account(None)
