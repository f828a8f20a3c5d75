"""Settings: what is refused, and what stands when nothing is set."""

from pathlib import Path

import pytest

from fixgate.errors import Misconfigured
from fixgate.local.broker import BrokerPlan, prepare, properties
from fixgate.local.home import Home
from fixgate.settings import Settings, load


def test_an_unknown_variable_is_refused_and_the_known_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A typing error in a variable's name is no setting that silently stays as it was."""
    monkeypatch.setenv("FIXGATE_TRUSTDOMAIN", "example.org")
    with pytest.raises(Misconfigured, match="FIXGATE_TRUSTDOMAIN") as refused:
        load()
    assert "FIXGATE_TRUST_DOMAIN" in refused.value.remedy


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PREFIX", "fixgate"),
        ("PREFIX", ".fixgate."),
        ("PREFIX", "Fixgate."),
        ("PREFIX", "fix*."),
        ("PREFIX", "fixgate..x."),
        ("TRUST_DOMAIN", "Example.org"),
        ("TRUST_DOMAIN", "a/b"),
        ("TRUST_DOMAIN", ""),
        ("TRUST_DOMAIN", "a" * 256),
        ("KAFKA_PORT", "70000"),
        ("KAFKA_PORT", "-1"),
        ("KAFKA_PORT", "kafka"),
        ("SLOT", "-1"),
        ("SLOT", "1000"),
    ],
)
def test_a_value_that_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """A setting that would name other topics, or another trust domain than meant, is refused with its name."""
    monkeypatch.setenv(f"FIXGATE_{name}", value)
    with pytest.raises(Misconfigured, match=f"FIXGATE_{name}"):
        load()


TEXTS = sorted(
    name.upper()
    for name, field in Settings.model_fields.items()
    if isinstance(field.default, str | Path) and name not in ("prefix", "trust_domain")
)


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("character", ["\n", "\r", "\t", "\x7f", "\x85", "\u2028"])
def test_a_value_of_several_lines_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, character: str) -> None:
    """What follows a line's end could become a line of its own in the broker's configuration, or in a log."""
    monkeypatch.setenv(f"FIXGATE_{name}", f"/x{character}allow.everyone.if.no.acl.found=true")
    with pytest.raises(Misconfigured, match=f"FIXGATE_{name}: .*control character"):
        load()


def test_the_texts_are_all_settings_that_can_hold_one() -> None:
    """The folders and the places are among those that were tried."""
    assert {"HOME", "CACHE_DIR", "OBJECTS", "LOG_LOCATION", "KAFKA_CA", "SEALING_KEY"} <= set(TEXTS)


@pytest.mark.parametrize(
    ("folder", "written"),
    [
        ("x\nallow.everyone.if.no.acl.found=true", r"x\nallow.everyone.if.no.acl.found=true"),
        ("x\r\ny\\", r"x\r\ny\\"),
        ("a\\u0041", r"a\\u0041"),
        ("\u00fc\U0001f600", r"\u00fc\ud83d\ude00"),
        ("a b=c:#!", "a b=c:#!"),
    ],
)
def test_a_folder_stays_one_value_of_the_brokers_configuration(tmp_path: Path, folder: str, written: str) -> None:
    """Whatever a folder is called, it ends no line and stands for nothing else in java.util.Properties' format."""
    plan = BrokerPlan(
        home=Home(tmp_path / folder),
        java=Path("java"),
        jars=(),
        client_port=1,
        internal_port=2,
        controller_port=3,
        issuer="issuer",
        super_user="super",
    )
    plan.data.mkdir(parents=True)
    # As if it had been formatted.
    (plan.data / "meta.properties").touch()
    prepare(plan)
    lines = plan.properties_file.read_bytes().decode("ascii").split("\n")
    assert f"log.dirs={tmp_path}/{written}/kafka/data" in lines
    assert len(lines) == len(properties(plan, "secret")) + 1
    assert [line for line in lines if line.startswith("allow.")] == ["allow.everyone.if.no.acl.found=false"]


def test_every_fault_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever corrects settings hears of all faults, not of one after the other."""
    monkeypatch.setenv("FIXGATE_PREFIX", "x")
    monkeypatch.setenv("FIXGATE_SLOT", "x")
    with pytest.raises(Misconfigured, match=r"(?s)FIXGATE_PREFIX.*FIXGATE_SLOT"):
        load()


def test_the_tests_own_variables_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What begins with FIXGATE_TEST_ belongs to the tests."""
    monkeypatch.setenv("FIXGATE_TEST_SOMETHING", "x")
    load()


def test_what_stands_when_nothing_is_set() -> None:
    """The defaults are the design's: prefix, trust domain, slot 0, no registry."""
    settings = load()
    assert (settings.prefix, settings.trust_domain, settings.slot) == ("fixgate.", "fixgate.internal", 0)
    assert settings.schema_registry_url == settings.bootstrap_servers == settings.workload_api == ""
    assert settings.home.is_absolute()


def test_paths_are_absolute_and_know_the_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative folder is taken from where the process was started, `~` from the user's home."""
    monkeypatch.setenv("FIXGATE_HOME", "here")
    monkeypatch.setenv("FIXGATE_CACHE_DIR", "~/there")
    settings = load()
    assert settings.home == Path.cwd() / "here"
    assert settings.cache_dir == Path.home() / "there"


@pytest.mark.parametrize("prefix", ["", "a.", "a.b-c.", "2.x_y."])
def test_prefixes_that_can_be(prefix: str) -> None:
    """A prefix is empty or words that end in a dot."""
    assert Settings(prefix=prefix).prefix == prefix


def test_a_spiffe_id_stands_in_the_trust_domain() -> None:
    """A path becomes an identity of the deployment."""
    assert Settings(trust_domain="example.org").spiffe_id("/fixgate/gate") == "spiffe://example.org/fixgate/gate"


def test_settings_cannot_be_changed_afterwards() -> None:
    """What was checked stays what it was."""
    with pytest.raises(ValueError, match="frozen"):
        Settings().slot = 3
