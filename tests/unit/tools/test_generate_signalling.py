"""The generated signalling types agree with the schema, and are fresh."""

import copy
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import msgspec
import pytest

from antiphon.protocols.web import message

ROOT = Path(__file__).resolve().parents[3]
SCHEMA: dict[str, Any] = json.loads((ROOT / "schema/signalling.json").read_text("utf-8"))
DEFINITIONS: dict[str, Any] = SCHEMA["$defs"]
CLIENT = msgspec.json.Decoder(message.ClientMessage)
SERVER = msgspec.json.Decoder(message.ServerMessage)

Json = Any


def run(*arguments: str, root: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run the generator as people do."""
    command = [sys.executable, str(root / "tools/generate_signalling.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def validator(definition: str) -> jsonschema.Draft202012Validator:
    """What a message of this definition must be, read by a library instead of by our generator."""
    schema = {"$ref": f"#/$defs/{definition}", "$defs": DEFINITIONS}
    return jsonschema.Draft202012Validator(schema)


def example(schema: Json, full: bool) -> Json:
    """A value that the schema allows: with everything optional, or with nothing."""
    if "$ref" in schema:
        return example(DEFINITIONS[schema["$ref"].rsplit("/", 1)[1]], full)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][-1 if full else 0]
    if "anyOf" in schema:
        return example(schema["anyOf"][0], full) if full else None
    match schema["type"]:
        case "string":
            return "ä" * schema.get("maxLength", 3) if full else "x" * schema.get("minLength", 0)
        case "integer":
            return schema.get("maximum", 7) if full else schema.get("minimum", 0)
        case "number":
            return 1.5
        case "boolean":
            return full
        case "array":
            return [example(schema["items"], full)] if full else []
    if "properties" not in schema:
        return {"0": example(schema["additionalProperties"], full)} if full else {}
    required = schema["required"]
    return {
        name: example(field, full)
        for name, field in schema["properties"].items()
        if full or name in required
    }


def messages(union: str) -> list[str]:
    """The definitions of a union's messages."""
    return [option["$ref"].rsplit("/", 1)[1] for option in DEFINITIONS[union]["oneOf"]]


def broken(value: Json, schema: Json) -> Iterator[tuple[str, Json]]:
    """The value with one thing wrong in each: out of its limits, of another type, or missing."""
    for name, field in schema["properties"].items():
        for wrong in wrongs(field):
            yield name, {**value, name: wrong}
        if name in schema["required"]:
            yield name, {other: value[other] for other in value if other != name}


def wrongs(schema: Json) -> Iterator[Json]:
    """Values that the schema forbids."""
    yield {"another": "type"} if schema.get("type") != "object" else ["another type"]
    if "$ref" in schema:
        target = DEFINITIONS[schema["$ref"].rsplit("/", 1)[1]]
        yield "no such word" if "enum" in target else {}
    if "minLength" in schema:
        yield ""
    if "maxLength" in schema:
        yield "x" * (schema["maxLength"] + 1)
    if "minimum" in schema:
        yield schema["minimum"] - 1
    if "maximum" in schema:
        yield schema["maximum"] + 1
    if "maxItems" in schema:
        yield [example(schema["items"], True)] * (schema["maxItems"] + 1)


ALL = [pytest.param(name, CLIENT, id=name) for name in messages("ClientMessage")]
ALL += [pytest.param(name, SERVER, id=name) for name in messages("ServerMessage")]


def test_generated_files_are_fresh() -> None:
    result = run("--check")
    assert result.returncode == 0, result.stderr


def test_check_notices_a_changed_schema(tmp_path: Path) -> None:
    for part in ("schema", "tools", "docs"):
        shutil.copytree(ROOT / part, tmp_path / part)
    assert run("--check", root=tmp_path).returncode == 1
    assert run(root=tmp_path).returncode == 0
    assert run("--check", root=tmp_path).returncode == 0
    changed = copy.deepcopy(SCHEMA)
    changed["$defs"]["Say"]["properties"]["text"]["maxLength"] = 5
    (tmp_path / "schema/signalling.json").write_text(json.dumps(changed))
    result = run("--check", root=tmp_path)
    assert result.returncode == 1
    assert "stale: python/antiphon/protocols/web/message.py" in result.stderr


def test_what_the_generator_does_not_know_is_an_error(tmp_path: Path) -> None:
    for part in ("schema", "tools"):
        shutil.copytree(ROOT / part, tmp_path / part)
    changed = copy.deepcopy(SCHEMA)
    changed["$defs"]["Say"]["properties"]["text"]["pattern"] = "^a"
    (tmp_path / "schema/signalling.json").write_text(json.dumps(changed))
    result = run(root=tmp_path)
    assert result.returncode == 1
    assert "Say.text" in result.stderr
    assert not (tmp_path / "python").exists()


@pytest.mark.parametrize(("name", "decoder"), ALL)
@pytest.mark.parametrize("full", [False, True], ids=["least", "most"])
def test_every_message_survives_a_round_trip(
    name: str, decoder: msgspec.json.Decoder[Any], full: bool
) -> None:
    value = example(DEFINITIONS[name], full)
    validator(name).validate(value)
    decoded = decoder.decode(json.dumps(value))
    assert type(decoded).__name__ == name
    assert json.loads(msgspec.json.encode(decoded)) == value


@pytest.mark.parametrize(("name", "decoder"), ALL)
def test_both_readings_of_the_schema_refuse_the_same(
    name: str, decoder: msgspec.json.Decoder[Any]
) -> None:
    check = validator(name)
    for field, value in broken(example(DEFINITIONS[name], True), DEFINITIONS[name]):
        assert not check.is_valid(value), field
        with pytest.raises(msgspec.ValidationError):
            decoder.decode(json.dumps(value))


def test_unknown_fields_are_errors_of_clients_only() -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        CLIENT.decode('{"type":"ping","newer":1}')
    assert SERVER.decode('{"type":"pong","newer":1}') == message.Pong()


def test_the_transcript_of_the_documentation_is_valid() -> None:
    page = (ROOT / "docs/signalling.md").read_text("utf-8")
    lines = re.findall(r"^([→←]) (\{.*)$", page, re.MULTILINE)
    assert len(lines) > 15
    for arrow, line in lines:
        decoder, union = (CLIENT, "ClientMessage") if arrow == "→" else (SERVER, "ServerMessage")
        validator(union).validate(json.loads(line))
        assert json.loads(msgspec.json.encode(decoder.decode(line))) == json.loads(line)


def test_the_documentation_names_everything() -> None:
    page = (ROOT / "docs/signalling.md").read_text("utf-8")
    for name in (*messages("ClientMessage"), *messages("ServerMessage")):
        assert f"#### `{DEFINITIONS[name]['properties']['type']['const']}`\n" in page
    table = page[page.index("| reason | means") :]
    for reason in DEFINITIONS["Reason"]["enum"]:
        assert f"`{reason}`" in table[: table.index("## Reference")]
