"""The command `antiphon`: reads its arguments and calls what does the work, which is imported only
then.

Exit codes: 0 done, 1 failed, 2 wrong use or wrong configuration.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from .errors import StartError

OK, FAILED, MISUSED = 0, 1, 2

Command = Callable[[argparse.Namespace], int]
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    options = parser().parse_args(arguments)
    command: Command = options.command
    try:
        return command(options)
    except StartError as error:
        print(f"antiphon: {error}", file=sys.stderr)
        return FAILED
    except BrokenPipeError:  # `antiphon room list | head`
        sys.stderr.close()
        return FAILED
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    top = argparse.ArgumentParser(
        prog="antiphon", description="One server for calls, rooms, chat and streams."
    )
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    _add_serve(commands)
    _add_user(commands)
    _add_token(commands)
    _add_room(commands)
    _add_call(commands)
    _add_config(commands)
    doctor = _command(commands, "doctor", "test every listener and path of a running node", _doctor)
    doctor.add_argument("--timeout", type=float, default=5.0, help="seconds for each check")
    for name, text in (
        ("backup", "write everything that is stored into a file, while the node runs"),
        ("restore", "make an empty data folder and database of a backup"),
    ):
        command = _command(commands, name, text, _backup)
        command.set_defaults(verb=name)
        command.add_argument("file", type=Path, metavar="FILE")
    _command(commands, "drain", "let the running node finish and stop", _drain)
    version = commands.add_parser("version", help="print the version", description="Version.")
    version.set_defaults(command=_version)
    return top


def _command(
    commands: Commands,
    name: str,
    text: str,
    command: Command,
) -> argparse.ArgumentParser:
    added = commands.add_parser(name, help=text, description=f"{text[:1].upper()}{text[1:]}.")
    added.set_defaults(command=command)
    added.add_argument("--config", type=Path, metavar="FILE", help="instead of antiphon.toml")
    added.add_argument("--data", metavar="DIR", help="data folder, instead of [node] data")
    return added


def _group(commands: Commands, name: str, text: str) -> Commands:
    added = commands.add_parser(name, help=text, description=f"{text[:1].upper()}{text[1:]}.")
    return added.add_subparsers(metavar="COMMAND", required=True)


def _add_serve(commands: Commands) -> None:
    serve = _command(commands, "serve", "run a node", _serve)
    serve.add_argument(
        "--dev", action="store_true", help="development: loopback only, guests, self-signed TLS"
    )
    serve.add_argument(
        "--lan", action="store_true", help="with --dev: also HTTPS on the machine's LAN addresses"
    )
    serve.add_argument(
        "--join", action="append", metavar="ADDRESS", help="join a farm through this node"
    )


def _add_user(commands: Commands) -> None:
    group = _group(commands, "user", "accounts")
    for name, text in (("add", "make an account"), ("passwd", "give an account another password")):
        command = _command(group, name, text, _user)
        command.set_defaults(verb=name)
        command.add_argument("address", metavar="NAME@DOMAIN")
        command.add_argument("--password", help="else it is asked for, or read from stdin")
        if name == "add":
            command.add_argument("--name", default="", help="name to be shown")
            command.add_argument(
                "--role", choices=("user", "moderator", "admin"), default="user", help="its rights"
            )
            command.add_argument(
                "--admin",
                dest="role",
                action="store_const",
                const="admin",
                help="the same as --role admin",
            )
    command = _command(group, "list", "print all accounts", _user)
    command.set_defaults(verb="list")
    for name, text in (
        ("remove", "delete an account with all its data"),
        ("lock", "let nobody log in with an account, and end its sessions"),
        ("unlock", "undo that"),
        ("reset", "print a one-time link for another password"),
    ):
        command = _command(group, name, text, _user)
        command.set_defaults(verb=name)
        command.add_argument("address", metavar="NAME@DOMAIN")
    command = _command(group, "role", "give an account other rights", _user)
    command.set_defaults(verb="role")
    command.add_argument("address", metavar="NAME@DOMAIN")
    command.add_argument("role", choices=("user", "moderator", "admin"))
    command = _command(group, "export", "write all data of an account into a ZIP archive", _user)
    command.set_defaults(verb="export")
    command.add_argument("address", metavar="NAME@DOMAIN")
    command.add_argument("file", type=Path, metavar="FILE")
    command = _command(group, "invite", "print a one-time link for a new account", _user)
    command.set_defaults(verb="invite")
    command.add_argument("--role", choices=("user", "moderator", "admin"), default="user")
    command.add_argument("--room", metavar="ROOM", help="where to go then")
    command.add_argument("--ttl", type=float, metavar="SECONDS", help="validity")


def _add_token(commands: Commands) -> None:
    token = _command(commands, "token", "print a signed token (JWT)", _token)
    token.add_argument("--identity", required=True, metavar="NAME", help="whom it names")
    token.add_argument("--name", default="", help="name to be shown")
    token.add_argument(
        "--room", action="append", metavar="ROOM", help="only for this room (may be repeated)"
    )
    token.add_argument(
        "--grant",
        action="append",
        default=[],
        metavar="GRANT",
        help="publish, create (both granted unless taken by publish=false), moderate or admin",
    )
    token.add_argument("--ttl", type=float, metavar="SECONDS", help="validity")


def _add_room(commands: Commands) -> None:
    group = _group(commands, "room", "rooms of the running node")
    command = _command(group, "list", "print all rooms", _room)
    command.set_defaults(verb="list")
    for name, text in (("show", "print a room and who is in it"), ("close", "end a room for good")):
        command = _command(group, name, text, _room)
        command.set_defaults(verb=name)
        command.add_argument("room")


def _add_call(commands: Commands) -> None:
    group = _group(commands, "call", "calls of the running node, and past ones")
    command = _command(group, "list", "print calls, the latest first", _call)
    command.set_defaults(verb="list")
    command.add_argument("--account", metavar="NAME@DOMAIN", help="only calls from or to it")
    command.add_argument("--limit", type=int, default=50, metavar="N", help="at most so many")
    command = _command(group, "show", "print a call and who sent what", _call)
    command.set_defaults(verb="show")
    command.add_argument("call", metavar="ID")
    command.add_argument("--full", action="store_true", help="messages with all their text")


def _add_config(commands: Commands) -> None:
    group = _group(commands, "config", "the configuration")
    for name, text in (
        ("check", "say whether the configuration can be used"),
        ("show", "print each value in force and where it came from"),
        ("schema", "print a JSON schema of the file"),
    ):
        command = _command(group, name, text, _config)
        command.set_defaults(verb=name)
        command.add_argument("--dev", action="store_true", help="as with serve --dev")


def _serve(options: argparse.Namespace) -> int:
    from . import serve

    return serve.run(options)


def _user(options: argparse.Namespace) -> int:
    from . import user

    return user.run(options)


def _token(options: argparse.Namespace) -> int:
    from . import token

    return token.run(options)


def _room(options: argparse.Namespace) -> int:
    from . import room

    return room.run(options)


def _call(options: argparse.Namespace) -> int:
    from . import call

    return call.run(options)


def _drain(options: argparse.Namespace) -> int:
    from . import room

    return room.drain(options)


def _config(options: argparse.Namespace) -> int:
    from . import show

    return show.run(options)


def _backup(options: argparse.Namespace) -> int:
    from . import backup

    return backup.run(options)


def _doctor(options: argparse.Namespace) -> int:
    from . import doctor

    return doctor.run(options)


def _version(_: argparse.Namespace) -> int:
    from importlib.metadata import version

    print(f"antiphon {version('antiphon')}")
    return OK


if __name__ == "__main__":
    sys.exit(main())
