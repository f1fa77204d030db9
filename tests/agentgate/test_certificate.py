"""Certificates are taken anew when their files change, and never half."""

import shutil
import ssl
from pathlib import Path

import pytest

from configsvc.agentgate.certificate import Certificate
from tests.agentgate import certificates

pytestmark = pytest.mark.external("openssl")


def shown(context: ssl.SSLContext, authority: Path) -> bool:
    """Whether a client that trusts this authority alone would accept the server."""
    ours, theirs = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(ours, theirs, server_side=True)
    client_context = ssl.create_default_context(cafile=str(authority))
    client = client_context.wrap_bio(theirs, ours, server_hostname="localhost")
    for _ in range(4):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError:
                return False
    return True


def test_a_changed_pair_is_shown_to_new_peers(tmp_path: Path) -> None:
    """The same context serves it: nothing that listens has to be opened again."""
    used = certificates.make(tmp_path / "used")
    certificate = Certificate(used.certificate, used.key)
    assert not certificate.refresh()
    renewed = certificates.make(tmp_path / "renewed")
    shutil.copy(renewed.certificate, used.certificate)
    shutil.copy(renewed.key, used.key)

    assert certificate.refresh()
    assert shown(certificate.context, renewed.certificate)


def test_a_pair_that_does_not_fit_is_not_taken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Between the two writes of a renewal, and after a bad one, the former pair stays."""
    used = certificates.make(tmp_path / "used")
    former = Path(shutil.copy(used.certificate, tmp_path / "former.pem"))
    certificate = Certificate(used.certificate, used.key)
    renewed = certificates.make(tmp_path / "renewed")
    shutil.copy(renewed.certificate, used.certificate)

    assert not certificate.refresh()
    assert shown(certificate.context, former)
    assert "a changed certificate is not taken, the former stays" in caplog.text

    shutil.copy(renewed.key, used.key)
    assert certificate.refresh()


def test_files_that_vanish_change_nothing(tmp_path: Path) -> None:
    """A mounted secret may be gone for a moment."""
    used = certificates.make(tmp_path)
    former = Path(shutil.copy(used.certificate, tmp_path / "former.pem"))
    certificate = Certificate(used.certificate, used.key)
    used.certificate.unlink()

    assert not certificate.refresh()
    assert shown(certificate.context, former)
