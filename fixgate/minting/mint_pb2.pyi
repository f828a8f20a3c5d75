from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SignedRecord(_message.Message):
    __slots__ = ("value", "signature", "certificate")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    value: bytes
    signature: bytes
    certificate: bytes
    def __init__(self, value: _Optional[bytes] = ..., signature: _Optional[bytes] = ..., certificate: _Optional[bytes] = ...) -> None: ...

class MintRequest(_message.Message):
    __slots__ = ("intent", "decision")
    INTENT_FIELD_NUMBER: _ClassVar[int]
    DECISION_FIELD_NUMBER: _ClassVar[int]
    intent: SignedRecord
    decision: SignedRecord
    def __init__(self, intent: _Optional[_Union[SignedRecord, _Mapping]] = ..., decision: _Optional[_Union[SignedRecord, _Mapping]] = ...) -> None: ...

class MintReply(_message.Message):
    __slots__ = ("grant", "credential", "not_after_us", "reasons")
    GRANT_FIELD_NUMBER: _ClassVar[int]
    CREDENTIAL_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_US_FIELD_NUMBER: _ClassVar[int]
    REASONS_FIELD_NUMBER: _ClassVar[int]
    grant: SignedRecord
    credential: bytes
    not_after_us: int
    reasons: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, grant: _Optional[_Union[SignedRecord, _Mapping]] = ..., credential: _Optional[bytes] = ..., not_after_us: _Optional[int] = ..., reasons: _Optional[_Iterable[str]] = ...) -> None: ...

class GiveBackRequest(_message.Message):
    __slots__ = ("grant_digest",)
    GRANT_DIGEST_FIELD_NUMBER: _ClassVar[int]
    grant_digest: str
    def __init__(self, grant_digest: _Optional[str] = ...) -> None: ...

class GiveBackReply(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
