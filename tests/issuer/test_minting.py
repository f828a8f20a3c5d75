from tests.issuer.office import Office


def test_an_admitted_change_gets_one_credential(office: Office) -> None:
    """An honest chain under the ceiling: the warrant is used, the grant is written, and only then anybody has it."""
    answer = office.mint(office.decided())
    assert answer.reasons == ()
    assert answer.credential == {"token": "made-1"}
    assert office.states() == ["issued"]
