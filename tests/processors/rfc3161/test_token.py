"""Time tokens of `openssl ts`: read where they are right, refused with both values where they are not."""

import hashlib
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.digest import sha256
from processors.rfc3161.cms import in_der_order, signed_data
from processors.rfc3161.der import OCTET_STRING, children, inside, only
from processors.rfc3161.signing_certificate import NamedSigner, named_signers
from processors.rfc3161.token import TokenRefusedError, read_token, root_of, time_query
from tests.openssl_authority import TimeAuthorityOfOpenssl

pytestmark = pytest.mark.slow

CONTENT = "запіс у летапісе".encode()
IMPRINT = sha256(CONTENT)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TimeAuthorityOfOpenssl:
    return TimeAuthorityOfOpenssl(tmp_path_factory.mktemp("time") / "one", "Vieža")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> TimeAuthorityOfOpenssl:
    return TimeAuthorityOfOpenssl(tmp_path_factory.mktemp("time") / "other", "Other", chain=False)


@pytest.fixture(scope="module")
def answer(authority: TimeAuthorityOfOpenssl) -> bytes:
    return authority.reply(time_query(CONTENT).content)


@pytest.fixture(scope="module")
def roots(authority: TimeAuthorityOfOpenssl) -> bytes:
    return authority.roots.read_bytes()


def test_a_token_says_what_existed_when_and_who_says_so(authority: TimeAuthorityOfOpenssl, roots: bytes) -> None:
    query = time_query(CONTENT)
    before = datetime.now(UTC).replace(microsecond=0)

    token = read_token(authority.reply(query.content), imprint=IMPRINT, trusted=roots, nonce=query.nonce)

    assert token.imprint == IMPRINT
    assert before <= token.at <= datetime.now(UTC) + timedelta(seconds=1)
    assert (token.policy, token.signer) == ("1.3.6.1.4.1.99999.1", "CN=Vieža signer, issued by CN=Vieža root")


def test_only_the_digest_leaves(authority: TimeAuthorityOfOpenssl) -> None:
    query = time_query(CONTENT).content

    assert IMPRINT.value in query
    assert CONTENT not in query


def test_a_token_for_something_else_is_refused_with_both_digests(answer: bytes, roots: bytes) -> None:
    with pytest.raises(TokenRefusedError) as refused:
        read_token(answer, imprint=sha256(b"other"), trusted=roots)

    assert (refused.value.what, refused.value.expected, refused.value.found) == (
        "imprint",
        str(sha256(b"other")),
        str(IMPRINT),
    )


def test_a_token_of_another_signer_is_refused_with_both_names(other: TimeAuthorityOfOpenssl, roots: bytes) -> None:
    answer = other.reply(time_query(CONTENT).content)

    with pytest.raises(TokenRefusedError) as refused:
        read_token(answer, imprint=IMPRINT, trusted=roots)

    assert refused.value.what == "signature"
    assert "CN=Vieža root" in refused.value.expected
    assert "CN=Other signer, issued by CN=Other root" in refused.value.found


def test_an_answer_to_another_query_is_refused_with_both_nonces(answer: bytes, roots: bytes) -> None:
    nonce = time_query(CONTENT).nonce

    with pytest.raises(TokenRefusedError, match=f"nonce: expected {nonce}, found"):
        read_token(answer, imprint=IMPRINT, trusted=roots, nonce=nonce)


def test_a_refusal_of_the_authority_is_told_in_its_own_words(tmp_path_factory: pytest.TempPathFactory) -> None:
    picky = TimeAuthorityOfOpenssl(tmp_path_factory.mktemp("time") / "picky", "Picky", digests="sha512")

    with pytest.raises(TokenRefusedError, match=r"expected granted, found rejection .*not supported"):
        read_token(picky.reply(time_query(CONTENT).content), imprint=IMPRINT, trusted=picky.roots.read_bytes())


def test_the_one_root_among_many_that_vouches_is_found(
    answer: bytes, authority: TimeAuthorityOfOpenssl, other: TimeAuthorityOfOpenssl
) -> None:
    both = other.roots.read_bytes() + authority.roots.read_bytes()

    assert root_of(answer, imprint=IMPRINT, roots=both) == authority.roots.read_bytes()


def test_without_a_root_that_vouches_the_answer_is_refused(answer: bytes, other: TimeAuthorityOfOpenssl) -> None:
    with pytest.raises(TokenRefusedError, match="expected one that leads to a public root, found CN=Vieža signer"):
        root_of(answer, imprint=IMPRINT, roots=other.roots.read_bytes())


def test_certificates_are_read_in_whatever_order_they_came(
    answer: bytes, authority: TimeAuthorityOfOpenssl, roots: bytes
) -> None:
    root, signer = (_der(authority, name) for name in ("root", "signer"))
    swapped = {
        answer.replace(root + signer, signer + root),
        answer.replace(signer + root, root + signer),
    }

    assert len(swapped) == 2  # what came, and the other way round
    assert len({in_der_order(each) for each in swapped}) == 1
    assert {read_token(each, imprint=IMPRINT, trusted=roots).imprint for each in swapped} == {IMPRINT}


def _der(authority: TimeAuthorityOfOpenssl, name: str) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    pem = (authority.folder / f"{name}.pem").read_bytes()
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


def test_another_certificate_of_the_same_key_and_number_is_not_the_one_that_signed(
    authority: TimeAuthorityOfOpenssl, roots: bytes
) -> None:
    authority.twin_of_signer("Vieža forger")  # valid from now, so before the token
    answer = authority.reply(time_query(CONTENT).content)
    signer, twin = _der(authority, "signer"), _der(authority, "twin")
    assert len(signer) == len(twin)  # so that no length around it changes

    with pytest.raises(TokenRefusedError) as refused:
        read_token(answer.replace(signer, twin), imprint=IMPRINT, trusted=roots)

    assert (refused.value.what, refused.value.expected, refused.value.found) == (
        "digest of the signer's certificate",
        str(sha256(signer)),
        str(sha256(twin)),
    )


@pytest.mark.parametrize("algorithm", ["sha1", "sha384", "sha512"])
def test_the_signer_may_be_named_by_another_digest(
    tmp_path_factory: pytest.TempPathFactory, algorithm: str
) -> None:
    authority = TimeAuthorityOfOpenssl(tmp_path_factory.mktemp("time") / "named", "Named", named_by=algorithm)
    answer, roots = authority.reply(time_query(CONTENT).content), authority.roots.read_bytes()

    assert read_token(answer, imprint=IMPRINT, trusted=roots).imprint == IMPRINT
    (named,) = named_signers(answer)
    assert named == NamedSigner(algorithm, hashlib.new(algorithm, _der(authority, "signer")).digest())


def test_a_token_that_names_no_certificate_is_refused(
    answer: bytes, authority: TimeAuthorityOfOpenssl, roots: bytes
) -> None:
    unnamed = authority.sign_unnamed(_signed_content(answer))

    with pytest.raises(TokenRefusedError, match="expected one among the signed attributes, found none"):
        read_token(unnamed, imprint=IMPRINT, trusted=roots)


def _signed_content(answer: bytes) -> bytes:
    """The time info: in the signed data's content, behind its type, in [0], an octet string."""
    content = signed_data(answer)[2]
    wrapped = children(answer, content)[1]
    return inside(answer, only(answer, wrapped, OCTET_STRING))


@pytest.mark.filterwarnings("error::cryptography.utils.CryptographyDeprecationWarning")
def test_no_bit_that_turns_makes_a_token_say_something_else(answer: bytes, roots: bytes) -> None:
    whole = read_token(answer, imprint=IMPRINT, trusted=roots)
    # what a certificate's reader only warns of now, such as a serial number below zero, it will refuse one day
    said = set()
    for bit in range(len(answer) * 8):
        turned = bytearray(answer)
        turned[bit // 8] ^= 1 << bit % 8
        with suppress(TokenRefusedError):
            said.add(read_token(bytes(turned), imprint=IMPRINT, trusted=roots))

    assert said <= {whole}  # in places that no signature covers; there the object's digest tells


@given(content=st.binary(max_size=200))
def test_what_is_no_answer_is_refused(content: bytes, roots: bytes) -> None:
    with pytest.raises(TokenRefusedError):
        read_token(content, imprint=IMPRINT, trusted=roots)


@given(roots=st.binary(max_size=200))
def test_roots_that_cannot_be_read_are_named(answer: bytes, roots: bytes) -> None:
    with pytest.raises(TokenRefusedError, match="trusted roots: expected readable certificates"):
        read_token(answer, imprint=IMPRINT, trusted=roots)
