"""What routes of scraping depend on: the caller with the right permission, what the process holds open, If-Match."""

from typing import Annotated

from fastapi import Depends, Header

from app.accounts.actor import Actor
from app.accounts.dependencies import require, use_resources
from app.accounts.permissions import Permission
from app.core.resources import Resources

ImportWriter = Annotated[Actor, Depends(require(Permission.IMPORTS_WRITE))]
ImportReader = Annotated[Actor, Depends(require(Permission.IMPORTS_READ))]
Held = Annotated[Resources, Depends(use_resources)]

IfMatch = Annotated[
    str | None, Header(description="The ETag of the state that you mean to change; 412 when it has changed since.")
]
