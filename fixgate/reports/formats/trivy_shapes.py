"""What is read of Trivy's results: the structures of `pkg/types` and `pkg/fanal/types` of its source."""

from msgspec import field

from fixgate.reports.fields import Count, Shape, Word


class Identifier(Shape):
    """`PkgIdentifier`; older versions have none."""

    purl: str | None = field(default=None, name="PURL")


class Vulnerability(Shape):
    """`DetectedVulnerability`."""

    id: Word = field(name="VulnerabilityID")
    vendor_ids: object = field(default=None, name="VendorIDs")
    package: str | None = field(default=None, name="PkgName")
    path: str | None = field(default=None, name="PkgPath")
    identifier: Identifier | None = field(default=None, name="PkgIdentifier")
    version: str | None = field(default=None, name="InstalledVersion")
    fixed: str | None = field(default=None, name="FixedVersion")
    status: str | None = field(default=None, name="Status")
    severity: str | None = field(default=None, name="Severity")
    source: object = field(default=None, name="SeveritySource")
    title: object = field(default=None, name="Title")
    description: object = field(default=None, name="Description")
    weaknesses: object = field(default=None, name="CweIDs")
    url: object = field(default=None, name="PrimaryURL")
    references: object = field(default=None, name="References")

    @property
    def own_purl(self) -> str | None:
        """The package URL that Trivy gives."""
        return self.identifier.purl if self.identifier else None


class Cause(Shape):
    """`CauseMetadata`."""

    resource: str | None = field(default=None, name="Resource")
    provider: object = field(default=None, name="Provider")
    service: object = field(default=None, name="Service")
    start_line: Count | None = field(default=None, name="StartLine")
    end_line: Count | None = field(default=None, name="EndLine")


class Misconfiguration(Shape):
    """`DetectedMisconfiguration`; newer versions have no `AVDID`, and a hyphen in `ID`."""

    id: str | None = field(default=None, name="ID")
    avd: str | None = field(default=None, name="AVDID")
    kind: object = field(default=None, name="Type")
    title: object = field(default=None, name="Title")
    description: object = field(default=None, name="Description")
    message: str | None = field(default=None, name="Message")
    resolution: object = field(default=None, name="Resolution")
    severity: str | None = field(default=None, name="Severity")
    status: str | None = field(default=None, name="Status")
    cause: Cause = field(default_factory=Cause, name="CauseMetadata")
    url: object = field(default=None, name="PrimaryURL")
    references: object = field(default=None, name="References")


class Secret(Shape):
    """`SecretFinding`."""

    rule: Word = field(name="RuleID")
    category: object = field(default=None, name="Category")
    severity: str | None = field(default=None, name="Severity")
    title: object = field(default=None, name="Title")
    start_line: Count | None = field(default=None, name="StartLine")
    end_line: Count | None = field(default=None, name="EndLine")
    match: str | None = field(default=None, name="Match")


class License(Shape):
    """`DetectedLicense`."""

    name: Word = field(name="Name")
    category: object = field(default=None, name="Category")
    severity: str | None = field(default=None, name="Severity")
    package: str | None = field(default=None, name="PkgName")
    file: str | None = field(default=None, name="FilePath")
    confidence: object = field(default=None, name="Confidence")
    link: object = field(default=None, name="Link")


class Modified(Shape):
    """`ModifiedFinding`: a result that an ignore file or a VEX has something to say of, with what it was."""

    kind: str | None = field(default=None, name="Type")
    status: str | None = field(default=None, name="Status")
    finding: object = field(default=None, name="Finding")
