"""PEM as it is typed, copied and written by others: read as OpenSSL does, or explained."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, x448, x25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from flask.cli import ScriptInfo

from flask_tokenguard.cli import tokenguard
from flask_tokenguard.jose.material import PrivateKey
from flask_tokenguard.keys.ring import KeyRing
from flask_tokenguard.keys.ring_files import make
from flask_tokenguard.keys.text import read_keys, read_material

from ..conftest import MakeApp
from .conftest import PASSWORD, FaultsOf, private_pem
from .openssl import needs_openssl, openssl, public_der
from .test_secret import configured_app

BAG = (
    "Bag Attributes\n    friendlyName: signing\n    localKeyID: 7E 9A 61 70\n"
    "Key Attributes: <No Attributes>\n"
)
# As OpenSSL reads them too.
READ_BY_OPENSSL: dict[str, Callable[[str], str]] = {
    "after a newline": lambda pem: "\n" + pem,
    "after a byte order mark": lambda pem: "\ufeff" + pem,
    "after a remark": lambda pem: "# the key of production\n" + pem,
    "after Bag Attributes": lambda pem: BAG + pem,
    "before a remark": lambda pem: pem + "# ends here\n",
    "with CRLF": lambda pem: pem.replace("\n", "\r\n"),
    "with blanks at the ends of lines": lambda pem: pem.replace("\n", "  \n"),
}
# As `cryptography` reads them, or text that went through JSON, YAML or a shell.
READ_BESIDES: dict[str, Callable[[str], str]] = {
    "after a blank": lambda pem: " " + pem,
    "after a name": lambda pem: "KEY=" + pem,
    "quoted": lambda pem: f'"{pem}"',
    "indented": lambda pem: "".join(f"    {line}\n" for line in pem.splitlines()),
    "indented but for its first line": lambda pem: pem.replace("\n", "\n    "),
    "with tabs": lambda pem: pem.replace("\n", "\n\t"),
    "with CR": lambda pem: pem.replace("\n", "\r"),
    "in one line": lambda pem: pem.replace("\n", " "),
    "without line ends": lambda pem: pem.replace("\n", ""),
    "with \\n": lambda pem: pem.replace("\n", "\\n"),
    "with \\r\\n": lambda pem: pem.replace("\n", "\\r\\n"),
    "with \\n, escaped twice": lambda pem: pem.replace("\n", "\\\\n"),
    "with \\n, quoted": lambda pem: '"' + pem.replace("\n", "\\n") + '"',
    "with every line end doubled": lambda pem: pem.replace("\n", "\n\n"),
}
SPELLINGS = READ_BY_OPENSSL | READ_BESIDES
each_spelling = pytest.mark.parametrize("spelling", SPELLINGS)


@each_spelling
@pytest.mark.parametrize("form", ["PKCS#8 RSA", "PKCS#8 Ed25519", "PKCS#1", "openssl ecparam"])
def test_a_private_key_is_read_however_it_was_copied(
    private_forms: dict[str, str], form: str, spelling: str
) -> None:
    (plain,), (read,) = map(
        read_keys, (private_forms[form], SPELLINGS[spelling](private_forms[form]))
    )
    assert (read.is_private, read.public_jwk()) == (True, plain.public_jwk())


@each_spelling
@pytest.mark.parametrize("form", ["SubjectPublicKeyInfo EC", "RSA PUBLIC KEY", "certificate"])
def test_a_public_key_is_read_however_it_was_copied(
    public_forms: dict[str, str], form: str, spelling: str
) -> None:
    (plain,), (read,) = map(
        read_keys, (public_forms[form], SPELLINGS[spelling](public_forms[form]))
    )
    assert (read.is_private, read.public_jwk()) == (False, plain.public_jwk())


@each_spelling
def test_an_encrypted_key_is_read_however_it_was_copied(
    encrypted_pems: dict[str, str], spelling: str
) -> None:
    (key,) = read_keys(SPELLINGS[spelling](encrypted_pems["ES256"]), password=PASSWORD)
    assert key.is_private


@pytest.mark.parametrize(
    "spelling", ["indented", "with \\n", "with CRLF", "with every line end doubled"]
)
def test_a_key_with_headers_is_read_however_it_was_copied(
    private_keys: dict[str, PrivateKey], spelling: str
) -> None:
    text = private_pem(private_keys["RS256"], PrivateFormat.TraditionalOpenSSL, PASSWORD)
    (key,) = read_keys(SPELLINGS[spelling](text), password=PASSWORD)
    assert key.is_private


@needs_openssl
@pytest.mark.parametrize("spelling", READ_BY_OPENSSL)
def test_what_openssl_reads_is_the_same_key(private_forms: dict[str, str], spelling: str) -> None:
    text = READ_BY_OPENSSL[spelling](private_forms["PKCS#8 EC"])
    ((key, _),) = read_material(text)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    form = PublicFormat.SubjectPublicKeyInfo
    assert public_der(text) == key.public_key().public_bytes(Encoding.DER, form)


# By every way that a key comes in.

COPIES = {name: SPELLINGS[name] for name in ("after a byte order mark", "indented", "with \\n")}
each_copy = pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)


@each_copy
def test_every_setting_that_holds_a_key_reads_a_copy(
    make_app: MakeApp, private_pems: dict[str, str], copy: Callable[[str], str]
) -> None:
    pem = copy(private_pems["ES256"])
    issuer = {"https://id.example/": {"audience": "us", "keys": copy(private_pems["RS256"])}}
    for settings in ({"KEY": pem}, {"KEYS": [{"value": pem}]}, {"KEY": pem, "ISSUERS": issuer}):
        assert make_app(**settings).extensions["tokenguard"].keys.signing.alg == "ES256"
    assert make_app(ENCRYPTION={"key": pem}).extensions["tokenguard"].encryption is not None


@each_copy
def test_every_file_and_variable_reads_a_copy(
    make_app: MakeApp,
    private_pems: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    copy: Callable[[str], str],
) -> None:
    pem, file = copy(private_pems["ES256"]), str(tmp_path / "key.pem")
    Path(file).write_text(pem)
    monkeypatch.setenv("SIGNING_KEY", pem)
    issuer = {"https://id.example/": {"audience": "us", "jwks_file": file}}
    ways: list[dict[str, Any]] = [
        {"KEY_FILE": file},
        {"KEYS": [{"file": file}]},
        {"KEYS": [{"env": "SIGNING_KEY"}]},
        {"KEY_FILE": file, "ISSUERS": issuer},
    ]
    for settings in ways:
        assert make_app(**settings).extensions["tokenguard"].keys.signing.alg == "ES256"
    assert make_app(ENCRYPTION={"key_file": file}).extensions["tokenguard"].encryption is not None


@each_copy
def test_a_ring_reads_a_copy(tmp_path: Path, copy: Callable[[str], str]) -> None:
    active, _ = make(tmp_path, alg="ES256", password=None, now=0)
    file = tmp_path / active.file
    file.write_text(copy(file.read_text()))
    signing = KeyRing(tmp_path).signing
    assert signing is not None
    assert signing.kid == active.kid


# What is not read.


def fault_of(text: str, password: str | None = None) -> str:
    """Be refused, and read why."""
    with pytest.raises(ValueError, match=r"^is ") as caught:
        read_keys(text, password=password)
    return str(caught.value)


def block(label: str, body: str = "AAAA") -> str:
    """Write a block with this label."""
    return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n"


@pytest.mark.parametrize(
    ("label", "fault"),
    [
        ("OPENSSH PRIVATE KEY", "is in OpenSSH's own form; `ssh-keygen -p -m PKCS8 -f FILE` rewri"),
        ("CERTIFICATE REQUEST", "is a certificate request; `openssl req -in FILE -noout -pubkey` "),
        ("NEW CERTIFICATE REQUEST", "is a certificate request; `openssl req -in FILE -noout -pub"),
        ("TRUSTED CERTIFICATE", "is a certificate with OpenSSL's own additions; `openssl x509 -in"),
        ("PKCS7", "is a bundle of certificates; `openssl pkcs7 -in FILE -print_certs` prints them"),
        ("CMS", "is a bundle of certificates; `openssl pkcs7 -in FILE -print_certs` prints them"),
        ("DSA PRIVATE KEY", "is a DSA key, which no algorithm of JOSE takes; `flask tokenguard ke"),
        ("RSA-PSS PRIVATE KEY", "is in a form that OpenSSL writes and does not read; write it aga"),
        ("EC PARAMETERS", "is parameters alone, without a key; `flask tokenguard keygen --out FIL"),
        ("DH PARAMETERS", "is parameters alone, without a key; `flask tokenguard keygen --out FIL"),
        ("X9.42 DH PARAMETERS", "is parameters alone, without a key; `flask tokenguard keygen --o"),
        ("PGP PRIVATE KEY BLOCK", "is of OpenPGP, whose keys are not read; `flask tokenguard keyg"),
        ("PGP MESSAGE", "is of OpenPGP, whose keys are not read; `flask tokenguard keygen --out F"),
        ("X509 CRL", "is PEM of a kind that is not read; the kinds that are: PRIVATE KEY, RSA PRI"),
        ("HUNTER2", "is PEM of a kind that is not read; the kinds that are: PRIVATE KEY, RSA PRIV"),
    ],
)
def test_pem_of_another_kind_is_explained(label: str, fault: str) -> None:
    assert fault_of(block(label)).startswith(fault)


def test_two_blocks_are_explained(private_forms: dict[str, str]) -> None:
    assert fault_of(private_forms["SEC1"] + private_forms["PKCS#1"]) == (
        "is PEM with 2 blocks in it, where one is wanted; leave the others out, or give each an"
        " entry of its own in TOKENGUARD_KEYS (several of an issuer are a JWKS)"
    )


def test_pem_that_cannot_be_read_asks_for_no_password(encrypted_pems: dict[str, str]) -> None:
    broken = block("PRIVATE KEY")
    assert "password" not in fault_of(broken)
    assert fault_of(encrypted_pems["ES256"], "wrong") == (
        "is PEM that cannot be read; is the password right?"
    )


@pytest.mark.parametrize(
    "password", [f"\ufeff{PASSWORD}", f"{PASSWORD}\n", f" {PASSWORD}"], ids=ascii
)
def test_what_stands_around_a_password_is_named(
    encrypted_pems: dict[str, str], password: str
) -> None:
    assert fault_of(encrypted_pems["ES256"], password) == (
        "is PEM that cannot be read; is the password right? It begins or ends with a blank, a line"
        " end or a byte order mark"
    )


@needs_openssl
def test_an_encryption_that_is_not_supported_is_explained(private_forms: dict[str, str]) -> None:
    arguments = ("pkcs8", "-topk8", "-v2", "camellia-256-cbc", "-passout", f"pass:{PASSWORD}")
    text = openssl(*arguments, octets=private_forms["PKCS#8 EC"].encode()).decode()
    assert fault_of(text, PASSWORD) == (
        "is encrypted in a way that is not supported; `openssl pkcs8 -topk8 -in FILE -out NEW`"
        " encrypts it anew"
    )


@needs_openssl
def test_a_curve_that_cryptography_lacks_is_a_fault() -> None:
    text = openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:sect283k1")
    # Older ones have the curve.
    assert re.match(r"is (of a kind, or )?on .+ is not supported", fault_of(text.decode()))


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
def test_a_public_key_of_openssh_is_explained(
    private_keys: dict[str, PrivateKey], alg: str
) -> None:
    line = private_keys[alg].public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    for text in (line.decode() + " me@example.com", f"\ufeff {line.decode()}\n"):
        assert fault_of(text) == (
            "is a public key of OpenSSH; `ssh-keygen -e -m PKCS8 -f FILE` prints it as PEM (OpenSSH"
            " 9.2 does not for Ed25519 keys)"
        )


def test_other_keys_of_ssh_are_explained() -> None:
    ssh2 = "---- BEGIN SSH2 PUBLIC KEY ----\nAAAAB3NzaC1yc2E\n---- END SSH2 PUBLIC KEY ----"
    assert fault_of(ssh2).startswith("is a public key of OpenSSH; `ssh-keygen -e -m PKCS8")
    putty = "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none"
    assert fault_of(putty).startswith("is a key of PuTTY, which is not read; `flask tokenguard")


# Files that are not text.


def file_fault(faults_of: FaultsOf, path: Path, octets: bytes) -> str:
    """Start with a file, and read what is wrong with it."""
    path.write_bytes(octets)
    (fault,) = faults_of(KEY_FILE=str(path))
    return fault.removeprefix("TOKENGUARD_KEY_FILE: the key file is ")


PRIVATE = "openssl pkey -inform DER -in FILE -out NEW.pem"
PUBLIC = "openssl pkey -pubin -inform DER -in FILE -pubout -out NEW.pem"
DER_COMMANDS = {
    "PKCS#8 RS256": PRIVATE,
    "PKCS#8 EdDSA": PRIVATE,
    "traditional RS256": PRIVATE,
    "SubjectPublicKeyInfo RS256": PUBLIC,
    "PKCS#1 RS256": PUBLIC,
    "certificate": "openssl x509 -inform DER -in FILE -out NEW.pem",
}


@pytest.mark.parametrize(
    ("form", "command"), [*DER_COMMANDS.items(), ("encrypted PKCS#8 ES256", PRIVATE)]
)
def test_der_in_a_file_is_explained(
    faults_of: FaultsOf, tmp_path: Path, der: dict[str, bytes], form: str, command: str
) -> None:
    fault = file_fault(faults_of, tmp_path / "key", der[form])
    assert fault == f"DER, and PEM is wanted; `{command}` rewrites it"


@needs_openssl
@pytest.mark.parametrize("form", DER_COMMANDS)
def test_the_command_that_rewrites_der_makes_a_key_that_is_read(
    tmp_path: Path, der: dict[str, bytes], form: str
) -> None:
    (tmp_path / "key").write_bytes(der[form])
    files = {"FILE": str(tmp_path / "key"), "NEW.pem": str(tmp_path / "key.pem")}
    openssl(*(files.get(word, word) for word in DER_COMMANDS[form].split()[1:]))
    assert read_keys((tmp_path / "key.pem").read_text())


@needs_openssl
def test_what_openssl_takes_out_of_pkcs_12_is_read(
    tmp_path: Path, private_pems: dict[str, str]
) -> None:
    arguments = (
        "pkcs12",
        "-export",
        "-nocerts",
        "-name",
        "signing",
        "-passout",
        f"pass:{PASSWORD}",
    )
    (tmp_path / "key.p12").write_bytes(openssl(*arguments, octets=private_pems["ES256"].encode()))
    passwords = ("-passin", f"pass:{PASSWORD}", "-passout", f"pass:{PASSWORD}")
    text = openssl("pkcs12", "-in", str(tmp_path / "key.p12"), "-nocerts", *passwords).decode()
    (key,) = read_keys(text, password=PASSWORD)
    assert text.startswith("Bag Attributes")
    assert key.is_private


@pytest.mark.parametrize(
    ("octets", "fault"),
    [
        (
            bytes.fromhex("308203f6 020103 308203ac 06092a864886f70d010701"),
            "PKCS#12; `openssl pkcs12 -in FILE -nocerts -out NEW.pem` takes the key out, and",
        ),
        (b"\xfe\xed\xfe\xed\0\0\0\x02", "a Java keystore; `keytool -importkeystore -srckeystore"),
        ("-----BEGIN".encode("utf-16"), "text in UTF-16; save it in UTF-8"),
        ("-----BEGIN".encode("utf-16-be").join((b"\xfe\xff", b"")), "text in UTF-16; save it in U"),
        (b"\xff" * 64, "not text; write a secret's octets as a JWK"),
        (b"0\xff" * 32, "not text; write a secret's octets as a JWK"),
    ],
    ids=["PKCS#12", "JKS", "UTF-16 LE", "UTF-16 BE", "octets", "octets after 0"],
)
def test_a_file_that_is_not_text_is_explained(
    faults_of: FaultsOf, tmp_path: Path, octets: bytes, fault: str
) -> None:
    assert file_fault(faults_of, tmp_path / "key", octets).startswith(fault)


# Keys of kinds that cannot do what their place needs.


def _pkcs8(key: Any) -> str:
    pem: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem.decode()


OTHER_KINDS: dict[str, Callable[[], Any]] = {
    "X448": x448.X448PrivateKey.generate,
    "Ed448": ed448.Ed448PrivateKey.generate,
    "DSA": lambda: dsa.generate_private_key(1024),  # noqa: S505 - to be refused
}


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_a_kind_that_no_algorithm_takes_is_a_fault_everywhere(
    faults_of: FaultsOf, kind: str
) -> None:
    pem = _pkcs8(OTHER_KINDS[kind]())
    issuers = {"https://id.example/": {"audience": "us", "keys": pem}}
    places = (
        {"KEY": pem},
        {"KEYS": [{"value": pem}]},
        {"ENCRYPTION": {"key": pem}},
        {"KEYS": [{"value": pem}], "ENCRYPTION": {"kid": "k"}},
        {"ISSUERS": issuers},
    )
    for settings in places:
        assert (
            f"the key is of the kind {kind}, which is not supported; `flask tokenguard keygen --out"
            " FILE` makes a key that is"
        ) in faults_of(**settings)[0]


@needs_openssl
@pytest.mark.filterwarnings("ignore:Diffie-Hellman over finite fields")
def test_a_diffie_hellman_key_is_a_fault() -> None:
    text = openssl("genpkey", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048").decode()
    assert fault_of(text).startswith("is of the kind DH, which is not supported; `flask tokenguard")


def test_a_key_that_only_agrees_is_a_fault_where_one_signs(faults_of: FaultsOf) -> None:
    pem = _pkcs8(x25519.X25519PrivateKey.generate())
    issuers = {"https://id.example/": {"audience": "us", "keys": pem}}
    for settings in ({"KEY": pem}, {"KEYS": [{"value": pem}]}, {"ISSUERS": issuers}):
        (fault,) = faults_of(**settings)
        assert fault.endswith(
            "the key is an X25519 key, which signs and verifies nothing; it can serve"
            " TOKENGUARD_ENCRYPTION"
        )


def test_doctor_names_a_key_that_only_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_TOKENGUARD_KEY", _pkcs8(x25519.X25519PrivateKey.generate()))
    result = CliRunner().invoke(tokenguard, ["doctor"], obj=ScriptInfo(create_app=configured_app))
    assert result.exit_code != 0
    assert "TOKENGUARD_KEY: the key is an X25519 key, which signs and verifies" in result.output


def test_a_key_that_only_signs_is_a_fault_where_one_encrypts(
    faults_of: FaultsOf, private_pems: dict[str, str]
) -> None:
    (fault,) = faults_of(ENCRYPTION={"key": private_pems["EdDSA"]})
    assert fault == (
        "TOKENGUARD_ENCRYPTION: the key is Ed25519 of 256 bits, which cannot encrypt; `flask"
        " tokenguard keygen --alg A256KW --out FILE` makes one that can be used"
    )


def test_a_kind_that_does_not_fit_hides_no_other_fault(faults_of: FaultsOf) -> None:
    pem = _pkcs8(x25519.X25519PrivateKey.generate())
    assert len(faults_of(KEYS=[{"value": pem}, {"value": "short"}], LEEWAY=-1)) == 3
