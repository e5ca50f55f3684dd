import pytest
from ansible_collections.ml_workshop.workshop.plugins.module_utils.conda.lock import LockError, parse_lock

MD5, SHA256 = "0" * 32, "a" * 64
URL = "https://conda.anaconda.org/conda-forge/linux-64/ca-certificates-2026.1.4-hbd8a1cb_0.conda"


@pytest.mark.parametrize(
    ("fragment", "hashes"),
    [
        (MD5, {"md5": MD5}),
        (f"md5:{MD5}", {"md5": MD5}),
        (SHA256, {"sha256": SHA256}),
        (f"sha256:{SHA256}", {"sha256": SHA256}),
    ],
)
def test_line_is_a_package_and_its_hash(fragment: str, hashes: dict[str, str]) -> None:
    locked = parse_lock(f"# made by conda-lock\n\n@EXPLICIT\n{URL}#{fragment}\n")
    assert list(locked) == ["ca-certificates"]
    entry = locked["ca-certificates"]
    assert entry.url == URL
    assert (entry.package.version, entry.package.build) == ("2026.1.4", "hbd8a1cb_0")
    assert entry.package.channel == "https://conda.anaconda.org/conda-forge"
    assert entry.package.hashes == hashes


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "must start with the line @EXPLICIT"),
        (f"{URL}#{MD5}\n", "must start with the line @EXPLICIT"),
        (f"@EXPLICIT\n{URL}\n", "line 2 .* has no md5 or sha256"),
        (f"@EXPLICIT\n{URL}#{MD5[:-1]}\n", "line 2 .* has no md5 or sha256"),
        (f"@EXPLICIT\n# a comment\nnumpy=2.0#{MD5}\n", "line 3 .* is not a package URL"),
        (f"@EXPLICIT\n{URL}#{MD5}\n{URL}#{MD5}\n", "line 3 .* names ca-certificates a second time"),
    ],
)
def test_invalid_lock_is_refused_with_its_line(text: str, reason: str) -> None:
    with pytest.raises(LockError, match=reason):
        parse_lock(text)
