"""Push messages: browsers subscribe, and are told while their page is closed."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from antiphon.core.reason import Reason, Refused
from antiphon.protocols.http.caller import CurrentCaller
from antiphon.protocols.http.models import Body, Text
from antiphon.protocols.http.runtime import Live, people_of
from antiphon.stores.push import Subscription

from .accounts import AccountPath, own_address

router = APIRouter(prefix="/api/v1", tags=["push"])


class PushKey(BaseModel):
    """The node's key."""

    key: str = Field(description="`applicationServerKey` of `PushManager.subscribe`, base64url.")


class PushKeys(Body):
    """Keys of a subscription, base64url."""

    p256dh: str = Field(max_length=128)
    auth: str = Field(max_length=64)


class NewSubscription(Body):
    """A subscription, as `PushSubscription.toJSON` of the Push API writes it."""

    endpoint: str = Field(max_length=2048)
    keys: PushKeys
    expiration_time: float | None = Field(None, alias="expirationTime")
    device: Annotated[Text, Field(max_length=128)] = ""


class SubscriptionView(BaseModel):
    """A subscription. Its endpoint is a secret, and not shown."""

    id: str
    device: str
    created_at: float


class SubscriptionList(BaseModel):
    """The oldest first."""

    subscriptions: list[SubscriptionView]


@router.get("/push/key")
async def read_key(live: Live) -> PushKey:
    """What a browser subscribes with."""
    return PushKey(key=people_of(live).push_key)


@router.get("/accounts/{account}/push")
async def list_subscriptions(
    account: AccountPath, live: Live, caller: CurrentCaller
) -> SubscriptionList:
    """One's own; any for administrators."""
    found = await people_of(live).push.of(own_address(live, caller, account))
    return SubscriptionList(subscriptions=[_view(one) for one in found])


@router.post("/accounts/{account}/push", status_code=201)
async def subscribe(
    account: AccountPath, new: NewSubscription, live: Live, caller: CurrentCaller
) -> SubscriptionView:
    """Push to this browser; the same one again replaces."""
    made = await people_of(live).push.subscribe(
        own_address(live, caller, account),
        new.endpoint,
        new.keys.p256dh,
        new.keys.auth,
        new.device,
    )
    return _view(made)


@router.delete("/accounts/{account}/push/{id}", status_code=204)
async def unsubscribe(
    account: AccountPath, id: Annotated[str, Path(max_length=64)], live: Live, caller: CurrentCaller
) -> None:
    """Push there no more."""
    if not await people_of(live).push.unsubscribe(own_address(live, caller, account), id):
        raise Refused(Reason.NOT_FOUND, "There is no such subscription.")


@router.delete("/accounts/{account}/push", status_code=204)
async def unsubscribe_endpoint(
    account: AccountPath,
    endpoint: Annotated[str, Query(max_length=2048)],
    live: Live,
    caller: CurrentCaller,
) -> None:
    """Push there no more, for a browser that knows its endpoint only."""
    address = own_address(live, caller, account)
    if not await people_of(live).push.unsubscribe_endpoint(address, endpoint):
        raise Refused(Reason.NOT_FOUND, "There is no such subscription.")


def _view(subscription: Subscription) -> SubscriptionView:
    return SubscriptionView(
        id=subscription.id, device=subscription.device, created_at=subscription.created_at
    )
