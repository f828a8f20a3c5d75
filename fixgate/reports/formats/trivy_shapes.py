"""What is read of Trivy's results: the structures of `pkg/types` and `pkg/fanal/types` of its source."""

from pydantic import Field

from fixgate.reports.fields import Shape


class Identifier(Shape):
    """`PkgIdentifier`; older versions have none."""

    purl: str | None = Field(default=None, alias="PURL")


class Vulnerability(Shape):
    """`DetectedVulnerability`."""

    id: str = Field(alias="VulnerabilityID", min_length=1)
    vendor_ids: object = Field(default=None, alias="VendorIDs")
    package: str | None = Field(default=None, alias="PkgName")
    path: str | None = Field(default=None, alias="PkgPath")
    identifier: Identifier | None = Field(default=None, alias="PkgIdentifier")
    version: str | None = Field(default=None, alias="InstalledVersion")
    fixed: str | None = Field(default=None, alias="FixedVersion")
    status: str | None = Field(default=None, alias="Status")
    severity: str | None = Field(default=None, alias="Severity")
    source: object = Field(default=None, alias="SeveritySource")
    title: object = Field(default=None, alias="Title")
    description: object = Field(default=None, alias="Description")
    weaknesses: object = Field(default=None, alias="CweIDs")
    url: object = Field(default=None, alias="PrimaryURL")
    references: object = Field(default=None, alias="References")

    @property
    def own_purl(self) -> str | None:
        """The package URL that Trivy gives."""
        return self.identifier.purl if self.identifier else None


class Cause(Shape):
    """`CauseMetadata`."""

    resource: str | None = Field(default=None, alias="Resource")
    provider: object = Field(default=None, alias="Provider")
    service: object = Field(default=None, alias="Service")
    start_line: int | None = Field(default=None, alias="StartLine", ge=0)
    end_line: int | None = Field(default=None, alias="EndLine", ge=0)


class Misconfiguration(Shape):
    """`DetectedMisconfiguration`; newer versions have no `AVDID`, and a hyphen in `ID`."""

    id: str | None = Field(default=None, alias="ID")
    avd: str | None = Field(default=None, alias="AVDID")
    kind: object = Field(default=None, alias="Type")
    title: object = Field(default=None, alias="Title")
    description: object = Field(default=None, alias="Description")
    message: str | None = Field(default=None, alias="Message")
    resolution: object = Field(default=None, alias="Resolution")
    severity: str | None = Field(default=None, alias="Severity")
    status: str | None = Field(default=None, alias="Status")
    cause: Cause = Field(default=Cause(), alias="CauseMetadata")
    url: object = Field(default=None, alias="PrimaryURL")
    references: object = Field(default=None, alias="References")


class Secret(Shape):
    """`SecretFinding`."""

    rule: str = Field(alias="RuleID", min_length=1)
    category: object = Field(default=None, alias="Category")
    severity: str | None = Field(default=None, alias="Severity")
    title: object = Field(default=None, alias="Title")
    start_line: int | None = Field(default=None, alias="StartLine", ge=0)
    end_line: int | None = Field(default=None, alias="EndLine", ge=0)
    match: str | None = Field(default=None, alias="Match")


class License(Shape):
    """`DetectedLicense`."""

    name: str = Field(alias="Name", min_length=1)
    category: object = Field(default=None, alias="Category")
    severity: str | None = Field(default=None, alias="Severity")
    package: str | None = Field(default=None, alias="PkgName")
    file: str | None = Field(default=None, alias="FilePath")
    confidence: object = Field(default=None, alias="Confidence")
    link: object = Field(default=None, alias="Link")


class Modified(Shape):
    """`ModifiedFinding`: a result that an ignore file or a VEX has something to say of, with what it was."""

    kind: str | None = Field(default=None, alias="Type")
    status: str | None = Field(default=None, alias="Status")
    finding: object = Field(default=None, alias="Finding")
