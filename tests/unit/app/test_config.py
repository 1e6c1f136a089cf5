"""The configuration as tables: sources and their order, every kind of mistake with its words."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from antiphon.app.config import Config, load
from antiphon.app.keys import PARTS, keys, sections
from antiphon.app.show import schema, show
from antiphon.app.sources import ConfigError
from antiphon.stores.records import KeyKind

SECRET = "an-example-of-a-secret-of-enough-bytes"


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file of the machine is read."""
    monkeypatch.chdir(tmp_path)


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "test.toml"
    path.write_text(text)
    return path


def wrong(path: Path | None = None, environment: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(file=path, environment=environment or {})
    return str(caught.value).splitlines()


def test_defaults_are_those_of_the_packages() -> None:
    config = load(environment={})
    for part in PARTS:
        assert getattr(config, part.attribute) == part.kind()
    assert config == Config()


def test_every_key_is_documented_and_belongs_to_one_section() -> None:
    names = {"node", "http", "tls", "webrtc", "sip", "xmpp", "storage", "files", "push", "auth"}
    names |= {"calls", "limits"}
    assert set(sections()) == names
    assert [
        key.name for key in keys().values() if not key.text and key.part.attribute != "web"
    ] == []
    for part in PARTS:
        named = {key.field for key in keys().values() if key.part is part}
        assert named == {item.name for item in fields(part.kind)}


@pytest.mark.parametrize(
    ("text", "variable", "value", "section", "name", "expected"),
    [
        ('[http]\nlisten = ":81"', "ANTIPHON_HTTP_LISTEN", ":82", "http", "listen", ":82"),
        ("[http]\nlisten = 81", "ANTIPHON_HTTP_LISTEN", "82", "http", "listen", ":82"),
        ("[webrtc]\nudp_port = 0", "ANTIPHON_WEBRTC_UDP_PORT", "5", "webrtc", "udp_port", ":5"),
        ("[auth]\nguests = true", "ANTIPHON_AUTH_GUESTS", "off", "auth", "guests", False),
        ("[auth]\ntoken_ttl = 60", "ANTIPHON_AUTH_TOKEN_TTL", "90.5", "auth", "token_ttl", 90.5),
        ("[limits]\nrooms = 3", "ANTIPHON_LIMITS_ROOMS", "4", "limits", "rooms", 4),
        (
            '[http]\ncors_origins = ["https://a"]',
            "ANTIPHON_HTTP_CORS_ORIGINS",
            "https://b, https://c",
            "http",
            "cors_origins",
            ("https://b", "https://c"),
        ),
        (
            '[auth]\npassword_hash = ["argon2id"]',
            "ANTIPHON_AUTH_PASSWORD_HASH",
            "argon2id,scram-sha-256",
            "auth",
            "password_hash",
            (KeyKind.ARGON2ID, KeyKind.SCRAM_SHA_256),
        ),
        ('[node]\ndata = "/a"', "ANTIPHON_NODE_DATA", "/b", "node", "data", Path("/b")),
    ],
)
def test_the_environment_stands_over_the_file(
    tmp_path: Path, text: str, variable: str, value: str, section: str, name: str, expected: Any
) -> None:
    path = write(tmp_path, text)
    key = keys()[section, name]
    from_file = load(file=path, environment={})
    assert from_file.value(key) != expected
    assert from_file.origin(key) == f"{path}:2"
    both = load(file=path, environment={variable: value})
    assert both.value(key) == expected
    assert both.origin(key) == variable


def test_options_stand_over_all(tmp_path: Path) -> None:
    config = load(
        file=write(tmp_path, '[node]\ndata = "/a"'),
        environment={"ANTIPHON_NODE_DATA": "/b"},
        options={("node", "data"): ("/c", "--data")},
    )
    assert config.node.data == Path("/c")
    assert config.origin(keys()["node", "data"]) == "--data"


def test_development_changes_defaults_only(tmp_path: Path) -> None:
    config = load(dev=True, environment={"ANTIPHON_AUTH_REGISTRATION": "no"})
    assert config.auth.guests
    assert not config.auth.registration
    assert config.origin(keys()["auth", "guests"]) == "--dev"
    assert config.http.listen == ":8080"


def test_the_file_of_the_working_directory_is_found(tmp_path: Path) -> None:
    (tmp_path / "antiphon.toml").write_text('[node]\nname = "here"')
    config = load(environment={})
    assert config.node.name == "here"
    assert config.origin(keys()["node", "name"]) == "antiphon.toml:2"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[http]\nlisen = ":1"', ":2: [http] lisen: unknown key, did you mean listen?"),
        ("[htpp]\nx = 1", ":1: [htpp]: unknown section, did you mean http?"),
        ('\n[gopher]\nlisten = ":70"', ":2: [gopher]: unknown section"),
        ('[sip]\nrtp_ports = "9-8"', ":2: [sip] rtp_ports: ports go from 1024 up to 65535"),
        ("[sip]\nmax_expires = 10", ":2: [sip] max_expires: min_expires, default_expires and"),
        (
            '[[sip.trunks]]\nname = "a"\nhost = "b"\nregister = true',
            ":1: [sip] trunks: a trunk to register with needs a user",
        ),
        (
            'sip.trunks = [{name = "a", host = "b"}, {name = "a", host = "c"}]',
            ":1: [sip] trunks: two of the trunks have the same name",
        ),
        ("domain = 'x'", ":1: domain: must stand in a section"),
        ("[node]\nworkers = 'two'", ":2: [node] workers: expected `int`, got `str`"),
        ("[node]\nworkers = 300", ":2: [node] workers: workers must be from 0 to 256"),
        ("[node]\nlog = 'loud'", ":2: [node] log: invalid enum value 'loud'; one of text, json"),
        ("[node]\ndomain = 'a b'", ":2: [node] domain: "),
        ("[node]\npublic_address = ['x']", ":2: [node] public_address: "),
        ("[http]\nlisten = 'host:80'", ":2: [http] listen: expected an IP address"),
        ("[http]\nlisten = ':99999'", ":2: [http] listen: expected ADDRESS:PORT"),
        ("[http]\nlisten = '::1:80'", ":2: [http] listen: an IPv6 address is written in brackets"),
        ("[tls]\ncertificate = 'x'", ":2: [tls] certificate: certificate and key must be given"),
        ("[auth]\nsecret = 'short'", ":2: [auth] secret: secret must have at least 32 bytes"),
        ("[auth]\napi_keys = ['a']", ":2: [auth] api_keys: an API key is written KEY:SECRET"),
        ("[storage]\ndatabase = 'mysql://h/d'", ":2: [storage] database: unknown kind"),
        ("[auth]\nguests_file = 'x'", ":2: [auth] guests_file: unknown key"),
        ("[auth]\nsecret_file = 'absent'", ":2: [auth] secret: "),
        ("[auth]\nsecret = 'a'\nsecret_file = 'b'", ":3: [auth] secret_file: stands beside secret"),
        ("[node\n", ":1: "),
        ("# one\nhttp.listn = 1", ":2: [http] listn: unknown key, did you mean listen?"),
    ],
)
def test_mistakes_in_the_file(tmp_path: Path, text: str, words: str) -> None:
    path = write(tmp_path, text)
    assert any(line.startswith(f"{path}{words}") for line in wrong(path)), wrong(path)


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("ANTIPHON_HTTP_LISTN", "x", "unknown variable, did you mean ANTIPHON_HTTP_LISTEN?"),
        ("ANTIPHON_AUTH_GUESTS", "maybe", "[auth] guests: expected `bool`"),
        ("ANTIPHON_LIMITS_ROOMS", "many", "[limits] rooms: "),
        ("ANTIPHON_WEBRTC_ICE_SERVERS", "[{", "[webrtc] ice_servers: "),
        ("ANTIPHON_WEBRTC_ICE_SERVERS", '[{"url": 1}]', "[webrtc] ice_servers: "),
        ("ANTIPHON_AUTH_SECRET_FILE", "absent", "[auth] secret: absent: No such file"),
    ],
)
def test_mistakes_in_the_environment(variable: str, value: str, words: str) -> None:
    (line,) = wrong(environment={variable: value})
    assert line.startswith(f"{variable}: {words}")


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "[http]\nlisen = 1\n[node]\nworkers = 'x'\n")
    assert len(wrong(path, {"ANTIPHON_AUTH_GUESTS": "?"})) == 3


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    (line,) = wrong(tmp_path / "absent.toml")
    assert "absent.toml: No such file" in line


def test_variables_of_kubernetes_services_are_no_mistake() -> None:
    load(environment={"ANTIPHON_SERVICE_HOST": "10.0.0.1", "ANTIPHON_PORT_8080_TCP": "x"})


def test_secrets_come_from_files(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET + "\n")
    (tmp_path / "keys").write_text(f"one:{SECRET}\ntwo:{SECRET}\n")
    path = write(tmp_path, '[auth]\nsecret_file = "secret"')
    config = load(file=path, environment={"ANTIPHON_AUTH_API_KEYS_FILE": str(tmp_path / "keys")})
    assert config.auth.secret == SECRET
    assert config.tokens.api_keys == (f"one:{SECRET}", f"two:{SECRET}")


def test_secrets_are_shown_nowhere(tmp_path: Path) -> None:
    text = f"""
[auth]
secret = "{SECRET}"
api_keys = ["name:{SECRET}"]
[storage]
database = "postgresql://me:pass-word@host/name"
[[webrtc.ice_servers]]
urls = ["turn:turn.example.org"]
username = "me"
credential = "pass-word"
[[sip.trunks]]
name = "carrier"
host = "sip.example.net"
user = "me"
password = "pass-word"
numbers = {{"+4930123" = "alice"}}
"""
    config = load(file=write(tmp_path, text), environment={})
    for shown in (show(config), repr(config)):
        assert SECRET not in shown.replace(repr(config.tokens), "")
        assert "name" in shown
    assert "pass-word" not in show(config)
    # An error's words must not hold the secret either.
    bad = write(tmp_path, f'[auth]\napi_keys = ["{SECRET}"]\nsecret = ["{SECRET}"]')
    assert all(SECRET not in line for line in wrong(bad))


def test_what_is_shown_can_be_read_again(tmp_path: Path) -> None:
    config = load(dev=True, environment={"ANTIPHON_HTTP_CORS_ORIGINS": 'https://a,"b\\'})
    again = load(file=write(tmp_path, show(config)), environment={})
    for key in keys().values():
        assert again.value(key) == config.value(key), key.name


def test_the_schema_describes_the_file() -> None:
    described = schema()
    jsonschema.Draft202012Validator.check_schema(described)
    validator = jsonschema.Draft202012Validator(described)
    defaults = {
        section: {
            name: entry["default"]
            for name, entry in table["properties"].items()
            if "default" in entry
        }
        for section, table in described["properties"].items()
    }
    validator.validate(defaults)
    assert {name for table in defaults.values() for name in table} == {
        k.name for k in keys().values()
    }
    mistakes: list[dict[str, Any]] = [
        {"http": {"lisen": ":1"}},
        {"gopher": {}},
        {"sip": {"trunks": [{"name": "a"}]}},
        {"auth": {"guests": "yes"}},
    ]
    for bad in mistakes:
        assert not validator.is_valid(bad)
    json.dumps(described)
