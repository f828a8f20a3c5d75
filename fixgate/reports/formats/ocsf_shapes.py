"""What is read of OCSF findings: classes 2001 to 2008 as versions 1.0 to 1.8 have them."""

from msgspec import field

from fixgate.reports.fields import Shape


class Product(Shape):
    """Who made the record."""

    name: str | None = None
    vendor_name: str | None = None
    version: object = None


class Metadata(Shape):
    """Of the record."""

    event_code: str | None = None
    product: Product | None = None


class Analytic(Shape):
    """The rule."""

    uid: str | None = None
    name: str | None = None


class Info(Shape):
    """`finding_info`, `finding` in 1.0, one of `finding_info_list` of incidents."""

    uid: str | None = None
    title: str | None = None
    analytic: Analytic | None = None
    desc: object = None
    types: object = None
    src_url: object = None
    first_seen_time: object = None
    last_seen_time: object = None
    created_time: object = None
    modified_time: object = None


class Affected(Shape):
    """A resource, a bucket of data, a user: what a finding may be about. `role_id` since 1.4."""

    uid: str | None = None
    uid_alt: str | None = None
    name: str | None = None
    type: str | None = None
    region: str | None = None
    role: str | None = None
    role_id: int | None = None
    credential_uid: str | None = None


class Account(Shape):
    """Whose."""

    uid: str | None = None


class Cloud(Shape):
    """Where."""

    account: Account | None = None
    region: str | None = None
    provider: object = None


class Compliance(Shape):
    """Of a check."""

    control: object = None
    status: str | None = None
    status_id: int | None = None


class PackageOf(Shape):
    """A package with a vulnerability; `packages` before 1.1."""

    purl: str | None = None
    name: str | None = None
    version: str | None = None
    package_manager: str | None = None
    fixed_in_version: str | None = None


class Named(Shape):
    """A vulnerability, a weakness or an advisory."""

    uid: str | None = None


class File(Shape):
    """Where code stands."""

    path: str | None = None
    name: str | None = None


class Code(Shape):
    """Code with a vulnerability, since 1.3."""

    file: File | None = None
    start_line: int | None = None
    end_line: int | None = None


class Vulnerability(Shape):
    """Section `vulnerability` of the dictionary."""

    cve: Named | None = None
    cwe: Named | None = None
    advisory: Named | None = None
    related_cwes: list[Named] | None = None
    affected_packages: list[PackageOf] | None = None
    packages: list[PackageOf] | None = None
    affected_code: list[Code] | None = None
    references: object = None


class Finding(Shape):
    """A record; `state` is what class 2001 had for a status."""

    class_uid: int
    metadata: Metadata = field(default_factory=Metadata)
    severity_id: int | None = None
    severity: str | None = None
    status: str | None = None
    status_id: int | None = None
    state: str | None = None
    state_id: int | None = None
    status_code: str | None = None
    activity_id: int | None = None
    finding_info: Info | None = None
    finding: Info | None = None
    finding_info_list: list[Info] | None = None
    resources: list[Affected] | None = None
    resource: Affected | None = None
    databucket: Affected | None = None
    user: Affected | None = None
    cloud: Cloud | None = None
    compliance: Compliance | None = None
    vulnerabilities: list[Vulnerability] | None = None
    status_detail: object = None
    message: object = None
    confidence: object = None
    desc: object = None
    remediation: object = None
    src_url: object = None
    verdict: object = None
    time: object = None
