"""Signing in to a real broker, and what becomes of requests when it goes away."""

import asyncio
import base64
import json
import os
import ssl
from binascii import crc_hqx
from datetime import UTC, datetime, timedelta

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from bursar.errors import FailedPrecondition, InvalidRequest, LogUnavailable
from bursar.eventlog.jetstream import JetStreamLog, JetStreamTerms
from bursar.eventlog.jetstream_sync import refuse_unsynced
from bursar.eventlog.nats_access import Access, address_of, public_nkey
from bursar.eventlog.nats_connection import AnswerLate, ConnectionLost, Connector, NatsConnection
from bursar.eventlog.stream import StreamId
from bursar.secret import Secret
from nats_broker import NatsBroker
from tcp_proxy import TcpProxy, Way

pytestmark = pytest.mark.broker

ANYWHERE = "$JS.API.INFO"


async def asks(access):
    """Whether the broker answers who signs in so."""
    connection = await NatsConnection.connect(access, "test")
    try:
        return (await connection.request("$SYS.REQ.USER.INFO", b"", 5.0)).payload
    finally:
        await connection.close()


def with_authorization(text):
    """A broker of its own with this block in its configuration."""
    broker = NatsBroker(text)
    return broker.start()


def new_seed():
    """A user's NKey seed: two prefix bytes, 32 of key, a checksum that readers need not check."""
    raw = bytes([(18 << 3) | (20 >> 2), (20 & 0b11) << 6]) + os.urandom(32)
    return base64.b32encode(raw + bytes(2)).rstrip(b"=").decode()


async def test_a_user_signs_in_by_password_in_the_address_or_beside_it(broker):
    host = broker.url.removeprefix("nats://")
    assert b"inspector" in await asks(Access((f"nats://inspector:inspector@{host}",)))
    beside = Access((broker.url,), user="inspector", password=Secret("inspector"))
    assert b"inspector" in await asks(beside)


async def test_a_wrong_password_is_refused_and_shown_nowhere(broker):
    with pytest.raises(LogUnavailable, match="Authorization Violation") as raised:
        await asks(Access((broker.url,), user="inspector", password=Secret("hunter2")))
    assert "hunter2" not in str(raised.value)


async def test_a_token_signs_in():
    broker = with_authorization("authorization { token: secret-token }")
    try:
        assert await asks(Access((broker.url,), token=Secret("secret-token")))
        with pytest.raises(LogUnavailable):
            await asks(Access((broker.url,), token=Secret("another")))
    finally:
        broker.remove()


async def test_a_key_signs_the_servers_nonce():
    seed = new_seed()
    broker = with_authorization(f"authorization {{ users: [{{ nkey: {public_nkey(seed)} }}] }}")
    try:
        assert await asks(Access((broker.url,), nkey_seed=Secret(seed)))
        with pytest.raises(LogUnavailable):
            await asks(Access((broker.url,), nkey_seed=Secret(new_seed())))
    finally:
        broker.remove()


def nats_jwt(claims, issuer, subject):
    """A JWT as the NATS tools sign it; issuer and subject are (prefix byte, key)."""
    names = [nkey(prefix, key) for prefix, key in (issuer, subject)]
    body = {"jti": "x", "iat": 1, "iss": names[0], "sub": names[1], "name": "test", **claims}
    parts = [{"typ": "JWT", "alg": "ed25519-nkey"}, body]
    text = b".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts
    )
    signature = base64.urlsafe_b64encode(issuer[1].sign(text)).rstrip(b"=")
    return (text + b"." + signature).decode()


def nkey(prefix, key):
    """A public NKey of any kind."""
    content = bytes([prefix]) + key.public_key().public_bytes_raw()
    return (
        base64.b32encode(content + crc_hqx(content, 0).to_bytes(2, "little")).decode().rstrip("=")
    )


async def test_a_credentials_file_signs_in(tmp_path):
    operator, account = (
        (prefix << 3, Ed25519PrivateKey.generate()) for prefix in (14, 0)
    )  # O and A
    seed = new_seed()
    raw = base64.b32decode(seed + "=" * (-len(seed) % 8))[2:34]
    user = (20 << 3, Ed25519PrivateKey.from_private_bytes(raw))
    limits = {"subs": -1, "data": -1, "payload": -1}
    account_limits = {**limits, "imports": -1, "exports": -1, "wildcards": True, "conn": -1}
    operator_jwt = nats_jwt({"nats": {"type": "operator", "version": 2}}, operator, operator)
    account_jwt = nats_jwt(
        {"nats": {"type": "account", "version": 2, "limits": account_limits}}, operator, account
    )
    user_jwt = nats_jwt({"nats": {"type": "user", "version": 2, **limits}}, account, user)
    broker = with_authorization(
        f"""
        operator: {operator_jwt}
        system_account: {nkey(*account)}
        resolver: MEMORY
        resolver_preload: {{ {nkey(*account)}: {account_jwt} }}
        """
    )
    path = tmp_path / "user.creds"
    path.write_text(
        f"-----BEGIN NATS USER JWT-----\n{user_jwt}\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
    )
    try:
        assert public_nkey(seed) == nkey(*user)
        assert public_nkey(seed).encode() in await asks(
            Access((broker.url,), credentials_file=path)
        )
    finally:
        broker.remove()


async def test_credentials_that_cannot_be_read_are_named(broker, tmp_path):
    for path in (tmp_path / "missing.creds", tmp_path / "empty.creds"):
        if path.name.startswith("empty"):
            path.write_text("nothing")
        with pytest.raises(FailedPrecondition, match=path.name):
            await asks(Access((broker.url,), credentials_file=path))


async def test_tls_is_used_and_a_stranger_refused(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate_path, key_path = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    broker = with_authorization(
        f'tls {{ cert_file: "{certificate_path}", key_file: "{key_path}" }}'
    )
    try:
        server = f"tls://localhost:{broker.port}"
        trusting = ssl.create_default_context(cafile=str(certificate_path))
        assert await asks(Access((server,), tls=trusting))
        with pytest.raises(LogUnavailable):
            await asks(Access((server,)))
    finally:
        broker.remove()


async def test_the_next_server_is_tried_when_one_is_away(broker):
    assert await asks(Access(("nats://127.0.0.1:1", broker.url)))
    with pytest.raises(LogUnavailable, match="cannot be reached"):
        await asks(Access(("nats://127.0.0.1:1",)))


def test_an_address_that_is_none_is_refused_without_repeating_it():
    with pytest.raises(InvalidRequest) as raised:
        address_of("https://user:hunter2@host")
    assert "hunter2" not in str(raised.value)


async def test_a_cut_connection_is_told_to_all_that_wait_at_once(broker):
    async with TcpProxy(broker.port).serving() as proxy:
        connection = await NatsConnection.connect(Access((proxy.url,)), "test")
        await proxy.up(Way.DROP)
        waiting = [asyncio.ensure_future(connection.request(ANYWHERE, b"", 60)) for _ in range(3)]
        await asyncio.sleep(0)
        proxy.cut()
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(result) for result in results} == {ConnectionLost}
        with pytest.raises(LogUnavailable):
            await connection.request(ANYWHERE, b"", 60)
        await connection.close()


async def test_no_answer_in_time_is_said_so(broker):
    async with TcpProxy(broker.port).serving() as proxy:
        connection = await NatsConnection.connect(Access((proxy.url,)), "test")
        await proxy.down(Way.DROP)
        with pytest.raises(AnswerLate):
            await connection.request(ANYWHERE, b"", 0.05)
        await connection.close()


async def test_nobody_at_home_is_known_at_once(broker):
    connection = await NatsConnection.connect(Access((broker.url,)), "test")
    assert (await connection.request("nobody.listens", b"", 60)).has_no_responder
    await connection.close()


async def test_a_connector_makes_one_connection_and_a_new_one_when_it_is_lost(broker):
    async with TcpProxy(broker.port).serving() as proxy:
        connector = Connector(Access((proxy.url,)), "test")
        first, same = await asyncio.gather(connector.live(), connector.live())
        assert first is same
        proxy.cut()
        await first.lost.wait()
        second = await connector.live()
        assert second is not first
        assert await second.request(ANYWHERE, b"", 5.0)
        await connector.close()
        with pytest.raises(LogUnavailable):
            await connector.live()


async def test_a_server_that_does_not_sync_every_write_is_refused(broker):
    inspector = {"user": "inspector", "password": Secret("inspector")}
    connection = await NatsConnection.connect(Access((broker.url,), **inspector), "test")
    await refuse_unsynced(connection)
    await connection.close()
    careless = NatsBroker(sync="2m").start()
    try:
        access = Access((careless.url,))
        terms = JetStreamTerms(inspector=Access((careless.url,), **inspector))
        with pytest.raises(FailedPrecondition, match="does not sync every write"):
            await JetStreamLog(access, terms).open(StreamId("usage"))
    finally:
        careless.remove()


def test_it_works_on_uvloop_too(broker):
    assert uvloop.run(asks(Access((broker.url,))))
