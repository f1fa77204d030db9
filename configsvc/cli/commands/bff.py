"""``configsvc bff``: one instance of a back end for front ends."""

from dataclasses import replace
from pathlib import Path

import click

from configsvc.model.names import check_name
from configsvc.settings import Address, SettingError, Settings

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.command("bff")
@click.argument("name")
@click.option(
    "--listen",
    metavar="HOST:PORT",
    default="127.0.0.1:8080",
    help="Where front ends ask.  [default: 127.0.0.1:8080]",
)
@click.option("--tls-certificate", type=_FILE, help="PEM file of the certificate chain.")
@click.option("--tls-key", type=_FILE, help="PEM file of its private key.")
@click.option("--insecure", is_flag=True, help="Listen off loopback without TLS.")
@click.option("--register", is_flag=True, help="Register this instance with the server.")
@click.pass_context
def command(
    context: click.Context,
    /,
    name: str,
    listen: str,
    tls_certificate: Path | None,
    tls_key: Path | None,
    *,
    insecure: bool,
    register: bool,
) -> None:
    """Run one instance of a Bff.

    Endpoints, calls, answers, authentication and policies are those of the Bff resource, and change
    with it. The agent inside takes CONFIGSVC_URL, CONFIGSVC_TOKEN_FILE and CONFIGSVC_NAMESPACE,
    and starts from its last good bundle while the server is away. SIGTERM and Ctrl-C stop it.
    """
    from configsvc.bff.serving import BffOptions, run
    from configsvc.wiring import logs

    if (tls_certificate is None) != (tls_key is None):
        raise click.UsageError("TLS needs both --tls-certificate and --tls-key", context)
    address = _address(listen, protected=insecure or tls_certificate is not None)
    logs.set_up(replace(Settings(), log_format="text"), "bff")
    options = BffOptions(
        check_name("bff", name), address.host, address.port, tls_certificate, tls_key, register
    )
    run(options, lambda line: click.echo(line, err=True))


def _address(text: str, *, protected: bool) -> Address:
    try:
        address = Address.parse(text)
    except ValueError as exc:
        raise SettingError("listen", "--listen", text, "host:port such as 127.0.0.1:8080") from exc
    if not (protected or address.is_loopback):
        expected = "--tls-certificate and --tls-key with it, or --insecure: tokens could be read"
        raise SettingError("listen", "--listen", text, expected)
    return address
