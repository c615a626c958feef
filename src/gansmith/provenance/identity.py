"""Who marks: name, key of the invisible mark and certificate, in the user's config folder.

Nothing of this is needed: without it, files name no provider, carry the public mark, and are not
signed.
"""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import platformdirs
from pydantic import BaseModel

from gansmith.errors import GansmithError
from gansmith.provenance.keyed import PUBLIC_KEY
from gansmith.storage.atomic import atomic_file
from gansmith.storage.reading import read_json, read_text

IDENTITY, KEY = "identity.json", "mark.key"
CHAIN, PRIVATE, ANCHOR = "certificate.pem", "certificate.key", "authority.pem"
_KEY_BYTES = 32
_YEARS = 5
_SMALL = 1 << 16


class Identity(BaseModel):
    """What is known of the user.

    Attributes:
        provider: Name that files get.
        timestamp: URL of a time stamp authority (RFC 3161), asked for every signature.
    """

    provider: str | None = None
    timestamp: str | None = None


class Certificate(NamedTuple):
    """A certificate to sign with, in PEM.

    Attributes:
        chain: The certificate, without the authority that issued it.
        private: Its private key.
        anchor: The authority.
    """

    chain: bytes
    private: bytes
    anchor: str


def config_dir() -> Path:
    """Return the folder of the user's settings of provenance.

    The environment variable GANSMITH_CONFIG if it is set, else `gansmith` in the platform's config
    folder. The folder may not exist.
    """
    if chosen := os.environ.get("GANSMITH_CONFIG"):
        return Path(chosen).expanduser()
    return platformdirs.user_config_path("gansmith", appauthor=False)


def load_identity() -> Identity:
    """Return who marks; nothing is known without `gansmith provenance init`.

    Raises:
        GansmithError: The file is damaged.
    """
    path = config_dir() / IDENTITY
    if not path.exists():
        return Identity()
    remedy = "run `gansmith provenance init --force`"
    return read_json(path, Identity, limit=_SMALL, remedy=remedy)


def own_key() -> bytes | None:
    """Return the user's own key of marks, if there is one.

    Raises:
        GansmithError: The file is damaged, or others may read it.
    """
    path = config_dir() / KEY
    return read_key(path) if path.exists() else None


def marking_key() -> bytes:
    """Return the key that files are marked with: the user's own, or the public one."""
    return own_key() or PUBLIC_KEY


def read_key(path: Path) -> bytes:
    """Read a key of 32 bytes in hexadecimal digits.

    Raises:
        GansmithError: There is no such file, or it holds something else.
    """
    text = read_text(path, _SMALL).strip()
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise GansmithError(
            f"{path} holds no key of marks: give the file {KEY} of `gansmith provenance init`"
        )
    return key


def load_certificate() -> Certificate | None:
    """Return the user's certificate; None without `gansmith provenance init`.

    Raises:
        GansmithError: Others may read its private key.
    """
    folder = config_dir()
    if not (folder / CHAIN).exists():
        return None
    _require_private(folder / PRIVATE)
    return Certificate(
        read_text(folder / CHAIN, _SMALL).encode(),
        read_text(folder / PRIVATE, _SMALL).encode(),
        read_text(folder / ANCHOR, _SMALL),
    )


def own_anchor() -> str | None:
    """Return the user's own authority in PEM, which signatures are checked against."""
    path = config_dir() / ANCHOR
    return read_text(path, _SMALL) if path.exists() else None


def _require_private(path: Path) -> None:
    if os.name == "posix" and path.exists() and path.stat().st_mode & 0o077:
        raise GansmithError(f"others may read {path}: type `chmod 600 {path}`")


def init(
    provider: str, *, timestamp: str | None = None, force: bool = False
) -> tuple[Path, list[str]]:
    """Make an identity: a name, a key of marks, and a certificate.

    Args:
        provider: Name of the person or organisation that provides the content.
        timestamp: URL of a time stamp authority (RFC 3161); signing then needs the network.
        force: Replace an identity that exists. What was marked with the old key can only be found
            with that key.

    Returns:
        The folder, and the names of the files that were written.

    Raises:
        GansmithError: There is an identity, the name is empty, or the folder cannot be written.
    """
    folder, name = config_dir(), " ".join(provider.split())
    if not name or len(name) > 64 or not name.isprintable():
        raise GansmithError("--provider takes a name of 1 to 64 characters")
    if (folder / IDENTITY).exists() and not force:
        raise GansmithError(
            f"{folder} has an identity: keep it, or replace it with --force (content marked with "
            "the old key is then found with that key only, so keep a copy of mark.key)"
        )
    files = {KEY: secrets.token_hex(_KEY_BYTES) + "\n"}
    if find_spec("cryptography"):
        files |= _certificate(name)
    files[IDENTITY] = Identity(provider=name, timestamp=timestamp).model_dump_json(indent=1) + "\n"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for file, text in files.items():
        with atomic_file(folder / file) as partial:
            partial.touch(mode=0o600)
            partial.write_text(text, "utf-8")
    return folder, list(files)


def _certificate(provider: str) -> dict[str, str]:
    """Make an authority and a certificate that it issues, as the profile of C2PA asks for."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    now = datetime.now(UTC)
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))

    def named(role: str) -> x509.Name:
        values = {NameOID.ORGANIZATION_NAME: provider, NameOID.COMMON_NAME: role}
        return x509.Name([x509.NameAttribute(oid, value) for oid, value in values.items()])

    def begun(role: str, public: ec.EllipticCurvePublicKey, signs: bool) -> x509.CertificateBuilder:
        usage = x509.KeyUsage(not signs, False, False, False, False, signs, signs, False, False)
        return (
            x509.CertificateBuilder()
            .subject_name(named(role))
            .issuer_name(named("gansmith authority"))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=365 * _YEARS))
            .add_extension(x509.BasicConstraints(ca=signs, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        )

    authority_public, public = authority_key.public_key(), key.public_key()
    authority = begun("gansmith authority", authority_public, True).sign(
        authority_key, hashes.SHA256()
    )
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_public)
    leaf = (
        begun("gansmith", public, False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
        .add_extension(issuer, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    above, own = authority.public_bytes(pem).decode(), leaf.public_bytes(pem).decode()
    return {PRIVATE: private.decode(), CHAIN: own, ANCHOR: above}
