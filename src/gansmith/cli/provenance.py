"""The commands detect and provenance, and the options that choose marks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gansmith.cli.options import FilesArgument, Json, console
from gansmith.console import PlainConsole, plain
from gansmith.counting import pluralize

if TYPE_CHECKING:
    from gansmith.provenance.detection import Finding
    from gansmith.provenance.marking import Marking

_PANEL = "Provenance"
NoProvenance = Annotated[
    bool,
    typer.Option(
        "--no-provenance",
        help="Write nothing that says the files are generated: no record, mark or signature.",
        rich_help_panel=_PANEL,
    ),
]
NoMark = Annotated[
    bool,
    typer.Option(
        "--no-mark",
        help="Leave out the invisible mark; pixels and waves stay as generated.",
        rich_help_panel=_PANEL,
    ),
]
AiLabel = Annotated[
    bool,
    typer.Option(
        "--ai-label",
        help="Add a label that people see (text in a corner) or hear (Morse code at the end).",
        rich_help_panel=_PANEL,
    ),
]
_STATES = {"valid": "valid", "broken": "BROKEN", "absent": "absent", "not checked": "not checked"}


def marking_of(no_provenance: bool, no_mark: bool, ai_label: bool) -> Marking:
    """Return the marks that options ask for, and print what is left out."""
    from gansmith.errors import GansmithError
    from gansmith.provenance.marking import Marking

    if no_provenance and ai_label:
        raise GansmithError("--ai-label and --no-provenance contradict each other: give one")
    marking = Marking(layers=not no_provenance, mark=not (no_mark or no_provenance), label=ai_label)
    for line in marking.lines():
        plain(console)(line)
    return marking


def detect(
    files: FilesArgument,
    key: Annotated[
        Path | None,
        typer.Option(
            "--key",
            metavar="FILE",
            help="Look for the mark of this mark.key, instead of your own and the public one.",
        ),
    ] = None,
    as_set: Annotated[
        bool,
        typer.Option(
            "--set",
            help="Test all pictures together, for the fingerprint of training data in samples.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Read what files say of their origin: signatures, records, labels, invisible marks."""
    from gansmith.tasks.detect import detect as find
    from gansmith.tasks.detect import fingerprint_of

    if as_set:
        found = fingerprint_of(files, key=key)
        console.print(
            json.dumps(found.to_json(), indent=2, ensure_ascii=False) if as_json else found.line()
        )
        return
    notices = PlainConsole(stderr=True) if as_json else console
    findings = []
    for finding in find(files, key=key):
        findings.append(finding)
        if not as_json:
            for line in _lines(finding):
                plain(notices)(line)
    if as_json:
        typer.echo(
            json.dumps([finding.to_json() for finding in findings], indent=2, ensure_ascii=False)
        )
    else:
        generated = sum(finding.generated for finding in findings)
        broken = sum(finding.broken for finding in findings)
        console.print(
            f"{pluralize(len(findings), 'file')}: {generated} say that they are generated, "
            f"{broken} broken or unreadable"
        )
    if any(finding.broken for finding in findings):
        raise typer.Exit(1)


def _lines(finding: Finding) -> list[str]:
    if finding.error is not None:
        return [f"{finding.path}: cannot be read: {finding.error}"]
    lines = [f"{finding.path}:"]
    for layer in finding.layers:
        words = [f"  {layer.name:7}{_STATES[layer.state]}"]
        words += [f"by {layer.by}"] if layer.by else []
        lines.append("; ".join([", ".join(words), *([layer.note] if layer.note else [])]))
    if (record := finding.record) is not None:
        model = f", model {record.model[:12]}" if record.model else ""
        lines.append(
            f"  made by {record.system} {record.version}{model}, {record.created}, {record.id}"
        )
    return lines


provenance_app = typer.Typer(help="Who marks your generated files: name, key and certificate.")


@provenance_app.callback()
def provenance_status(context: typer.Context) -> None:
    """Show which marks generated files get on this machine."""
    if context.invoked_subcommand is not None:
        return
    from gansmith.provenance import credentials
    from gansmith.provenance.identity import config_dir, load_certificate, load_identity, own_key
    from gansmith.provenance.keyed import key_name

    identity, key, certificate = load_identity(), own_key(), load_certificate()
    unknown = "not set: type `gansmith provenance init --provider NAME`"
    missing = "no: pip install 'gansmith[provenance]'"
    signs = "no certificate" if certificate is None else "C2PA manifest"
    rows = {
        "folder": str(config_dir()),
        "provider": identity.provider or unknown,
        "mark": "public key" if key is None else f"own key '{key_name(key)}'",
        "signature": signs if credentials.available() else missing,
        "time stamp": identity.timestamp or "none",
    }
    for name, value in rows.items():
        plain(console)(f"{name:11}{value}")


@provenance_app.command("init")
def provenance_init(
    provider: Annotated[
        str,
        typer.Option(
            "--provider", metavar="NAME", help="Person or organisation that files will name."
        ),
    ],
    timestamp: Annotated[
        str | None,
        typer.Option(
            "--timestamp",
            metavar="URL",
            help="Time stamp authority (RFC 3161) for signatures; needs the network.",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the identity of this machine.")
    ] = False,
) -> None:
    """Make a key of marks and a certificate of your own, for all files generated from now on."""
    from gansmith.provenance.identity import CHAIN, init

    folder, files = init(provider, timestamp=timestamp, force=force)
    plain(console)(f"{', '.join(files)} in {folder}; keep a copy of them, and share none but .pem")
    if CHAIN not in files:
        console.print(
            "no certificate: files are not signed; pip install 'gansmith[provenance]' and repeat "
            "with --force"
        )
