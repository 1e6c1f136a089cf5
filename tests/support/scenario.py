"""SIPp scenarios written as steps: a guest that calls, its requests, and what must come back.

It knows SIPp's XML and how dialogs are written, nothing of the server.
"""

from pathlib import Path
from xml.sax.saxutils import quoteattr

LINES = [
    "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]",
    "Max-Forwards: 70",
]
CONTACT = "Contact: <sip:[service]@[local_ip]:[local_port];transport=[transport]>"
SDP = "application/sdp"


def audio(direction: str = "sendrecv", port: int = 40000, codec: str = "0 PCMU/8000") -> str:
    """A description of one telephone's sound."""
    number = codec.partition(" ")[0]
    return "\n".join(
        [
            "v=0",
            "o=- 1 1 IN IP4 [local_ip]",
            "s=-",
            "c=IN IP4 [local_ip]",
            "t=0 0",
            f"m=audio {port} RTP/AVP {number} 101",
            f"a=rtpmap:{codec}",
            "a=rtpmap:101 telephone-event/8000",
            f"a={direction}",
        ]
    )


class Scenario:
    """One call of `[service]` to `uri`. Each method adds a step."""

    def __init__(self, title: str, uri: str) -> None:
        self._title = title
        self._uri = uri
        self._steps: list[str] = []
        self._cseq = 0
        self._invite = self._invite_step = 0
        self._checks = 0

    # requests

    def call(self, body: str = "", *headers: str) -> "Scenario":
        """INVITE."""
        self._cseq += 1
        self._invite, self._invite_step = self._cseq, len(self._steps)
        to, number = f"To: <{self._uri}>", f"{self._cseq} INVITE"
        return self._send("INVITE", self._uri, number, to, CONTACT, *headers, body=body)

    def request(
        self, method: str, body: str = "", *headers: str, kind: str = SDP, again: bool = True
    ) -> "Scenario":
        """A request within the dialog."""
        self._cseq += 1
        if method == "INVITE":
            self._invite = self._cseq
        return self._within(method, self._cseq, body, *headers, kind=kind, again=again)

    def ack(self, body: str = "") -> "Scenario":
        """Of the 2xx."""
        return self._within("ACK", self._invite, body, again=False)

    def ack_refusal(self) -> "Scenario":
        """Of a final answer that is no 2xx: to where the INVITE went."""
        return self._send("ACK", self._uri, f"{self._invite} ACK", "[last_To:]", via="[last_Via:]")

    def prack(self) -> "Scenario":
        """Of the reliable provisional answer that came last."""
        receive = self._steps.pop()
        self._checks += 1
        number = self._checks
        taken = (
            f'<ereg regexp="[0-9]+" search_in="hdr" header="RSeq:" check_it="true" '
            f'assign_to="{number}"/>'
        )
        self._steps.append(receive.replace("/>", f"><action>{taken}</action></recv>"))
        return self.request("PRACK", "", f"RAck: [${number}] {self._invite} INVITE")

    def cancel(self) -> "Scenario":
        """Of the first INVITE."""
        to = f"To: <{self._uri}>"
        back = len(self._steps) - self._invite_step  # the same branch as there
        via = f"Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch-{back}]"
        return self._send("CANCEL", self._uri, f"{self._invite} CANCEL", to, via=via, again=True)

    def _within(
        self, method: str, cseq: int, body: str, *headers: str, kind: str = SDP, again: bool
    ) -> "Scenario":
        lines = ["[routes]", *([] if method in ("ACK", "BYE") else [CONTACT]), *headers]
        to = f"To: <{self._uri}>[peer_tag_param]"
        target, number = "[next_url]", f"{cseq} {method}"
        return self._send(method, target, number, to, *lines, body=body, kind=kind, again=again)

    def _send(
        self,
        method: str,
        target: str,
        cseq: str,
        to: str,
        *headers: str,
        body: str = "",
        kind: str = SDP,
        via: str = LINES[0],
        again: bool = True,
    ) -> "Scenario":
        lines = [
            f"{method} {target} SIP/2.0",
            via,
            LINES[1],
            'From: "Ann" <sip:[service]@elsewhere.example>;tag=c[call_number]',
            to,
            "Call-ID: [call_id]",
            f"CSeq: {cseq}",
            *headers,
        ]
        return self._message(lines, body, kind, again=again and method != "ACK")

    def _message(self, lines: list[str], body: str, kind: str, *, again: bool) -> "Scenario":
        if body:
            lines.append(f"Content-Type: {kind}")
        lines += ["Content-Length: [len]" if body else "Content-Length: 0", "", body]
        text = "\n".join(lines)
        repeated = ' retrans="500"' if again else ""
        self._steps.append(f"<send{repeated}><![CDATA[\n{text}\n]]></send>")
        return self

    # what must come

    def expect(self, status: int, *optional: int, holding: str = "") -> "Scenario":
        """A response, perhaps after others; `holding`: a regular expression found in it."""
        for one in optional:
            self._steps.append(f'<recv response="{one}" optional="true"/>')
        return self._receive(f'response="{status}" rrs="true"', holding)

    def expect_request(self, method: str, holding: str = "") -> "Scenario":
        """A request of the dialog."""
        return self._receive(f'request="{method}"', holding)

    def _receive(self, what: str, holding: str) -> "Scenario":
        if not holding:
            self._steps.append(f"<recv {what}/>")
            return self
        self._checks += 1
        check = (
            f'<ereg regexp={quoteattr(holding)} search_in="msg" check_it="true" '
            f'assign_to="{self._checks}"/>'
        )
        self._steps.append(f"<recv {what}><action>{check}</action></recv>")
        return self

    def reply(self, status: str = "200 OK", body: str = "", *headers: str) -> "Scenario":
        """Answer the request that came last."""
        lines = [
            f"SIP/2.0 {status}",
            "[last_Via:]",
            "[last_From:]",
            "[last_To:]",
            "[last_Call-ID:]",
            "[last_CSeq:]",
            CONTACT,
            *headers,
        ]
        return self._message(lines, body, SDP, again=False)

    def wait(self, seconds: float) -> "Scenario":
        """Do nothing for a while."""
        self._steps.append(f'<pause milliseconds="{round(seconds * 1000)}"/>')
        return self

    def hang_up(self) -> "Scenario":
        """BYE and its answer."""
        return self.request("BYE").expect(200)

    def be_hung_up(self, holding: str = "") -> "Scenario":
        """The other side's BYE."""
        return self.expect_request("BYE", holding).reply()

    def write(self, folder: Path) -> Path:
        """The file."""
        names = ",".join(str(number + 1) for number in range(self._checks))
        reference = [f'<Reference variables="{names}"/>'] if names else []
        steps = "\n".join([*self._steps, *reference])
        file = folder / "scenario.xml"
        file.write_text(
            f'<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<scenario name={quoteattr(self._title)}>\n{steps}\n</scenario>\n"
        )
        return file
