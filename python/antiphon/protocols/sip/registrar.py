"""The registrar (RFC 3261 §10, with 3327, 5626 and 5627): who may register what, for how long, and
by which way a contact is reached afterwards.
"""

import logging
import re
from collections import Counter
from collections.abc import Callable, Sequence
from email.utils import formatdate
from functools import partial

from antiphon._native import SipFlow, SipRequest

from .config import SipConfig, SipLimits
from .contacts import Refusal, Wanted, route_of, wanted
from .gruu import Gruus
from .identity import Identities
from .location import Binding, Bindings, Location
from .registering import Plan, Registering, check_order, find, is_same, seconds_of
from .stack import Stack
from .wariness import Wariness

log = logging.getLogger(__name__)

SUPPORTED = frozenset({"path", "outbound", "gruu"})
LIST = re.compile(r"[\s,]+")
MAX_CALL_ID = 255
MAX_AGENTS = 1000
AGENT_LIMIT = 120


class Registrar:
    """Takes REGISTER. `own(aor)`: local part of an account's address in any spelling, or None."""

    def __init__(
        self,
        stack: Stack,
        location: Location,
        identities: Identities,
        wariness: Wariness,
        gruus: Gruus,
        *,
        own: Callable[[str], str | None],
        clock: Callable[[], float],
        config: SipConfig,
        limits: SipLimits,
        keep: Callable[[SipFlow, float], None],
    ) -> None:
        """`keep`: a connection is needed until then."""
        self.counters: Counter[str] = Counter()
        self._stack = stack
        self._location = location
        self._identities = identities
        self._wariness = wariness
        self._gruus = gruus
        self._own = own
        self._clock = clock
        self._config = config
        self._limits = limits
        self._keep = keep
        self._agents: dict[str, str] = {}
        self._date = (0.0, b"")

    def register(self, request: SipRequest) -> None:
        """Answer a REGISTER."""
        if (local := self._authorize(request)) is None:
            return
        try:
            headers = self._register(request, local)
        except Refusal as refusal:
            self._refuse(request, refusal)
            return
        self._stack.reply(request, 200, headers=headers, stateless=True)

    # who

    def _authorize(self, request: SipRequest) -> str | None:
        """The account, if it proved to be the one that it registers; else it has its answer."""
        if not request.ours:
            self._refuse(request, Refusal(403, "Not A Registrar Of That Domain"))
            return None
        auth = request.auth
        if auth == "none" and self._wariness.is_calm:
            self._stack.challenge(request)
            return None
        user = request.auth_user
        if not self._wariness.is_calm:
            seconds = self._wariness.must_wait(request.flow.remote[0], user)
            if seconds > 0:
                self._refuse(request, Refusal(403, "Too Many Failures", _retry(seconds)))
                return None
        if auth != "ok":
            self._challenge(request, auth == "bad", request.flow.remote[0], user)
            return None
        local = self._own(request.aor("to") or "")
        if local is None:
            self._refuse(request, Refusal(404))
            return None
        # RFC 3261 §10.3 step 4: nobody but the account itself.
        if local != user or not self._identities.use(user):
            self._refuse(request, Refusal(403, "Not Your Address"))
            return None
        if not self._wariness.is_calm:
            self._wariness.succeeded(request.flow.remote[0], user)
        return local

    def _challenge(self, request: SipRequest, wrong: bool, host: str, user: str) -> None:
        if not wrong:
            self._stack.challenge(request)
        elif self._identities.sick:
            self._refuse(request, Refusal(503, "", _retry(5)))
        else:
            self._wariness.failed(host, user)
            self._wariness.answer(partial(self._stack.challenge, request))

    def _refuse(self, request: SipRequest, refusal: Refusal) -> None:
        self.counters[str(refusal.status)] += 1
        log.info(
            "REGISTER of %s from %s refused: %d %s",
            (request.aor("to") or "?")[:80],
            request.flow.remote[0],
            refusal.status,
            refusal.reason,
        )
        self._stack.reply(request, refusal.status, refusal.reason, refusal.headers, stateless=True)

    # what

    def _register(self, request: SipRequest, local: str) -> bytes:
        try:
            contacts = request.contacts()
        except ValueError as error:
            raise Refusal(400, "Bad Contact") from error
        asked = self._asked(request, local)
        present = self._location.all(local)
        if not contacts:
            self.counters["queries"] += 1
            return self._accepted(asked, present)
        if any(uri == "*" for uri, _ in contacts):
            return self._remove_all(asked, contacts, present)
        plan = self._plan(asked, contacts, present)
        if not plan.refresh:
            self._check_limits(present, plan.left)
        self._carry_out(asked, plan)
        return self._accepted(asked, tuple(plan.left))

    def _asked(self, request: SipRequest, local: str) -> Registering:
        call_id = request.call_id
        if len(call_id) > MAX_CALL_ID:
            raise Refusal(400, "Call-ID Too Long")
        if (text := request.get("require")) is not None:
            unknown = set(LIST.split(text.lower().strip())) - SUPPORTED - {""}
            if unknown:
                names = ", ".join(sorted(unknown))
                raise Refusal(420, "", f"Unsupported: {names}\r\n".encode())
        text = request.get("supported")
        supported = frozenset(LIST.split(text.lower())) if text else frozenset[str]()
        path = route_of(request)
        outbound = "outbound" in supported
        if outbound and len(request.via) > 1 and not (path and ";ob" in path[0].lower()):
            outbound = False  # RFC 5626 §6: the proxies between must take part
        now = self._clock()
        return Registering(
            request, request.flow, local, call_id, request.cseq, now, supported, path, outbound
        )

    def _remove_all(
        self, asked: Registering, contacts: list[tuple[str, dict[str, str]]], present: Bindings
    ) -> bytes:
        # RFC 3261 §10.3 step 6: alone, and with `Expires: 0`.
        if len(contacts) != 1 or seconds_of(asked.request.get("expires"), -1) != 0:
            raise Refusal(400, "Bad Use Of *")
        for binding in present:
            check_order(asked, binding)
        self.counters["removals"] += 1
        if present:
            self._location.put(asked.local, ())
        return self._accepted(asked, ())

    def _plan(
        self, asked: Registering, contacts: list[tuple[str, dict[str, str]]], present: Bindings
    ) -> Plan:
        """What shall be, without anything being changed yet: all contacts or none."""
        config = self._config
        default = seconds_of(asked.request.get("expires"), config.default_expires)
        flow = asked.flow
        plan = Plan([*present])
        for uri, parameters in contacts:
            seconds = seconds_of(parameters.get("expires"), default)
            # RFC 3261 §10.3 step 7: only what is less than an hour may be too brief.
            if 0 < seconds < config.min_expires:
                raise Refusal(423, "", f"Min-Expires: {config.min_expires}\r\n".encode())
            until = asked.now + min(seconds, config.max_expires)
            old = find(plan.left, uri, parameters, asked.outbound)
            if old is not None:
                check_order(asked, old)
            if seconds == 0:
                if old is not None:
                    plan.refresh = False
                    plan.left.remove(old)
            elif old is not None and is_same(old, uri, parameters, flow, asked.path):
                plan.longer.append((old, until))
            else:
                plan.refresh = False
                want = wanted(uri, parameters, asked.outbound, self._location.domain)
                left, bound = (
                    self._without_gone(plan.left, old, want),
                    self._bind(asked, want, until),
                )
                plan.moved += [(one.flow, bound.flow) for one in plan.left if one not in left]
                plan.left = [*left, bound]
            plan.until = max(plan.until, until)
        return plan

    def _carry_out(self, asked: Registering, plan: Plan) -> None:
        for binding, until in plan.longer:
            binding.until, binding.call_id, binding.cseq = until, asked.call_id, asked.cseq
        for old, new in plan.moved:
            if old != new:
                # Calls that go on between telephones follow it (RFC 5626 §5.3).
                self._stack.machine.moved(old, new)
        self.counters["refreshes" if plan.refresh else "registrations"] += 1
        self._location.put(asked.local, tuple(plan.left), refresh=plan.refresh)
        if asked.flow.reliable:
            self._keep(asked.flow, plan.until)

    def _without_gone(
        self, left: list[Binding], old: Binding | None, want: Wanted
    ) -> list[Binding]:
        """Less the one that is replaced, and those of the same telephone whose connection is gone:
        it has come back over another one, as another contact.
        """
        return [
            one
            for one in left
            if one is not old
            and not (
                want.instance
                and one.instance == want.instance
                and not (one.reg_id and want.reg_id)
                and one.flow.reliable
                and not self._location.is_open(one.flow)
            )
        ]

    def _bind(self, asked: Registering, want: Wanted, until: float) -> Binding:
        flow, nat = asked.flow, True
        if asked.path:
            nat = False
        elif not flow.reliable and not want.reg_id:
            # A contact that names the very host it came from is taken at its word.
            if want.host == flow.remote[0] and (there := self._location.dial(want.uri)) is not None:
                flow, nat = there, False
        elif not want.reg_id:
            nat = want.host != flow.remote[0]
        return Binding(
            want.uri,
            flow,
            call_id=asked.call_id,
            cseq=asked.cseq,
            until=until,
            nat=nat,
            path=asked.path,
            instance=want.instance,
            reg_id=want.reg_id,
            q=want.q,
            agent=self._agent(asked.request.get("user-agent")),
        )

    def _agent(self, text: str | None) -> str:
        """One copy of what many telephones say of themselves."""
        if not text:
            return ""
        text = text[:AGENT_LIMIT]
        if (known := self._agents.get(text)) is None:
            if len(self._agents) >= MAX_AGENTS:
                self._agents.clear()
            known = self._agents[text] = text
        return known

    def _check_limits(self, present: Bindings, left: Sequence[Binding]) -> None:
        if len(left) > len(present):
            if len(left) > self._limits.bindings_per_account:
                raise Refusal(403, "Too Many Contacts")
            if not self._location.place_for(len(left) - len(present)):
                log.error("no place for more registered contacts: raise [limits] sip_bindings")
                raise Refusal(503, "", _retry(60))

    # the answer

    def _accepted(self, asked: Registering, bindings: Bindings) -> bytes:
        now = asked.now
        parts = [self._date_line(now)]
        gruu = "gruu" in asked.supported
        for one in bindings:
            line = f"Contact: <{one.uri}>;expires={round(one.until - now)}"
            if one.q != 1.0 or one.instance:
                line += self._more(asked, one, gruu)
            parts.append(f"{line}\r\n".encode())
        if asked.path and "path" in asked.supported:
            path = ", ".join(f"<{uri}>" for uri in asked.path)
            parts.append(f"Path: {path}\r\n".encode())
        if asked.outbound:
            parts.append(b"Require: outbound\r\n")
        if asked.supported:
            parts.append(b"Supported: gruu, outbound, path\r\n")
        return b"".join(parts)

    def _more(self, asked: Registering, one: Binding, gruu: bool) -> str:
        text = f";q={one.q:.3g}" if one.q != 1.0 else ""
        if one.instance:
            text += f';+sip.instance="<{one.instance}>"'
            if one.reg_id:
                text += f";reg-id={one.reg_id}"
            if gruu:
                public = self._gruus.public(asked.local, one.instance)
                temporary = self._gruus.temporary(asked.local, one.instance, one.call_id)
                text += f';pub-gruu="{public}";temp-gruu="{temporary}"'
        return text

    def _date_line(self, now: float) -> bytes:
        """RFC 3261 §10.3 step 8: telephones set their clocks by it."""
        if now - self._date[0] >= 1.0 or not self._date[1]:
            self._date = (now, f"Date: {formatdate(usegmt=True)}\r\n".encode())
        return self._date[1]


def _retry(seconds: float) -> bytes:
    return f"Retry-After: {max(1, round(seconds))}\r\n".encode()
