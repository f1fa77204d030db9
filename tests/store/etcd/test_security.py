"""TLS with client certificates, and users whose tokens end."""

import ipaddress
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from etcd3 import etcdrpc

from configsvc.store import StoreUnavailableError
from configsvc.store.etcd import EtcdAddress, EtcdSecurity, EtcdStore
from configsvc.store.etcd._connection import Connection
from tests.etcds import EtcdCluster, etcd_cluster
from tests.store.fakes import FakeClock, put

pytestmark = pytest.mark.external("etcd")

PEM = serialization.Encoding.PEM


def certificate(path: Path, name: str, issuer: Path | None = None) -> Path:
    """Make a certificate and its key, signed by an issuer or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer, signed_by = key, subject
    if issuer is not None:
        loaded = serialization.load_pem_private_key(issuer.with_suffix(".key").read_bytes(), None)
        assert isinstance(loaded, ec.EllipticCurvePrivateKey)
        signer = loaded
        signed_by = x509.load_pem_x509_certificate(issuer.read_bytes()).subject
    now = datetime.now(UTC)
    uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signed_by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(signer, hashes.SHA256())
    )
    path.write_bytes(made.public_bytes(PEM))
    form, secret = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.with_suffix(".key").write_bytes(key.private_bytes(PEM, form, secret))
    return path


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """Who vouches for everybody."""
    return certificate(tmp_path / "ca.pem", "authority")


@pytest.fixture
def tls_etcd(tmp_path: Path, authority: Path) -> Iterator[EtcdCluster]:
    """An etcd that shows a certificate and wants one."""
    server = certificate(tmp_path / "server.pem", "etcd", authority)
    flags = (
        f"--cert-file={server}", f"--key-file={server.with_suffix('.key')}",
        f"--trusted-ca-file={authority}", "--client-cert-auth",
    )  # fmt: skip
    cluster = EtcdCluster(tmp_path / "etcd", 1, flags)
    try:
        cluster.members[0].start(cluster.members, *flags, scheme="https")
        yield cluster
    finally:
        cluster.stop()


def test_etcd_is_reached_over_tls(
    tls_etcd: EtcdCluster, authority: Path, tmp_path: Path, clock: FakeClock
) -> None:
    """With the right authority and a certificate of one's own, and not without."""
    client = certificate(tmp_path / "client.pem", "configsvc", authority)
    stranger = certificate(tmp_path / "other.pem", "another authority")
    address, key = EtcdAddress(tls_etcd.addresses), str(client.with_suffix(".key"))
    right = EtcdSecurity.load(str(authority), str(client), key, "", "")
    with closing(EtcdStore(address, clock, right, timeout=30.0)) as store:
        store.commit(put(("/a", b"1")))
        with store.watch("/", 0) as watch:
            assert watch.next(30) is not None
    for wrong in (
        EtcdSecurity(),
        EtcdSecurity.load(str(authority), "", "", "", ""),
        EtcdSecurity.load(str(stranger), str(client), key, "", ""),
    ):
        with (
            closing(EtcdStore(address, clock, wrong, timeout=0.5)) as store,
            pytest.raises(StoreUnavailableError),
        ):
            store.revision()


def grant(cluster: EtcdCluster) -> None:
    """Let only ann in, and her only under one prefix."""
    with closing(Connection(EtcdAddress(cluster.addresses), EtcdSecurity())) as connection:
        permission = {"permType": 2, "key": b"/own/", "range_end": b"/own0"}
        for method, request in (
            ("RoleAdd", etcdrpc.AuthRoleAddRequest(name="root")),
            ("RoleAdd", etcdrpc.AuthRoleAddRequest(name="configsvc")),
            (
                "RoleGrantPermission",
                etcdrpc.AuthRoleGrantPermissionRequest(name="configsvc", perm=permission),
            ),
            ("UserAdd", etcdrpc.AuthUserAddRequest(name="root", password="root")),
            ("UserGrantRole", etcdrpc.AuthUserGrantRoleRequest(user="root", role="root")),
            ("UserAdd", etcdrpc.AuthUserAddRequest(name="ann", password="secret")),
            ("UserGrantRole", etcdrpc.AuthUserGrantRoleRequest(user="ann", role="configsvc")),
            ("AuthEnable", etcdrpc.AuthEnableRequest()),
        ):
            connection.write(
                lambda member, m=method: getattr(member.auth, m), request, "setting up"
            )


def test_a_token_that_ended_is_replaced(clock: FakeClock) -> None:
    """Nobody notices: neither reads nor writes nor watches; a restart forgets every token."""
    with etcd_cluster(1, "--auth-token-ttl=1") as cluster:
        grant(cluster)
        address = EtcdAddress(cluster.addresses, "/own")
        ann = EtcdSecurity(user="ann", password="secret")
        with (
            closing(EtcdStore(address, clock, ann, timeout=30.0)) as store,
            store.watch("/", store.commit(put(("/a", b"0")))) as watch,
        ):
            for text in (b"1", b"2"):
                stale = store._connection._token
                give_up_at = time.monotonic() + 20
                while store._connection._token == stale and time.monotonic() < give_up_at:
                    time.sleep(1.2)
                    store.get("/a")
                assert store._connection._token != stale
                revision = store.commit(put(("/a", text)))
                batch = watch.next(30)
                assert batch is not None
                assert batch.progress >= revision
            cluster.stop()
            cluster.members[0].start(cluster.members, *cluster.flags)
            revision = store.commit(put(("/a", b"3")))
            batch = watch.next(30)
            assert batch is not None
            assert batch.progress >= revision


def test_a_wrong_password_and_a_foreign_prefix_are_refused(clock: FakeClock) -> None:
    """With what etcd says about it."""
    with etcd_cluster() as cluster:
        grant(cluster)
        for root, password, text in (
            ("/own", "wrong", "invalid user ID or password"),
            ("/other", "secret", "permission denied"),
        ):
            address = EtcdAddress(cluster.addresses, root)
            security = EtcdSecurity(user="ann", password=password)
            with (
                closing(EtcdStore(address, clock, security)) as store,
                pytest.raises(StoreUnavailableError, match=text),
            ):
                store.get("/a")
