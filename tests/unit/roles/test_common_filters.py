"""Filters of the role common."""

from typing import Any

import pytest

from ..role_module import ROLES, load_file

FILTERS = ROLES.parent / "plugins/filter"
ARGUMENTS, AS_DICT, SSH = (
    load_file(FILTERS / f"{name}.py") for name in ("argument_errors", "as_dict", "ssh_advice")
)


def errors(value: Any, option: dict[str, Any], constraint: dict[str, Any] | None = None) -> list[str]:
    found: list[str] = ARGUMENTS.argument_errors({"x": value}, {"x": option}, {"x": constraint or {}})
    return found


@pytest.mark.parametrize(
    ("value", "option", "constraint"),
    [
        ("__unset__", {"type": "int"}, {}),
        (3, {"type": "int"}, {"min": 1}),
        ("3", {"type": "int"}, {"min": 1, "max": 3}),
        ("0.5", {"type": "float"}, {"min": 0, "max": 1}),
        (False, {"type": "bool"}, {}),
        ("Yes", {"type": "bool"}, {}),
        ("a, b", {"type": "list", "elements": "str", "choices": ["a", "b"]}, {}),
        ("[a, b]", {"type": "list", "elements": "str", "choices": ["a", "b"]}, {}),
        ([{"a": 1}], {"type": "list", "elements": "dict"}, {}),
        ("", {"type": "str"}, {"format": "url", "empty": True}),
        ("[::]:9090", {"type": "str"}, {"format": "address"}),
        ("40d12h", {"type": "str"}, {"format": "duration"}),
        ("80%", {"type": "str"}, {"format": "memory"}),
        ("536870912", {"type": "str"}, {"format": "memory"}),
        ("1h 30min", {"type": "str"}, {"format": "timespan"}),
        ("90", {"type": "str"}, {"format": "timespan"}),
        ({}, {"type": "dict"}, {"format": "password"}),
        ('{"admin": "correct-horse"}', {"type": "dict"}, {"format": "password"}),
        (["10.0.0.0/8", "2001:db8::1"], {"type": "list", "elements": "str"}, {"format": "network"}),
    ],
)
def test_value_that_fits_is_no_error(value: Any, option: dict[str, Any], constraint: dict[str, Any]) -> None:
    assert errors(value, option, constraint) == []


@pytest.mark.parametrize(
    ("value", "option", "constraint", "sentence"),
    [
        ("0", {"type": "int"}, {"min": 1}, 'x is "0"; set it to a whole number of 1 or more.'),
        ("2.5", {"type": "int"}, {}, 'x is "2.5"; set it to a whole number.'),
        (95, {"type": "float"}, {"min": 0, "max": 1}, 'x is "95"; set it to a number from 0 to 1.'),
        ("t", {"type": "bool"}, {}, 'x is "t"; set it to true or false.'),
        ("c", {"type": "str", "choices": ["a", "b"]}, {}, 'x is "c"; set it to one of a, b.'),
        ("a,c", {"type": "list", "elements": "str", "choices": ["a"]}, {}, 'x is "a,c"; set it to one of a.'),
        ("50", {"type": "str"}, {"format": "memory"}, 'x is "50"; set it to a size such as 512M or 2G'),
        (
            "10.0.0.0/33",
            {"type": "str"},
            {"format": "network"},
            'x is "10.0.0.0/33"; set it to a network without host bits',
        ),
        ("10.0.0.1/8", {"type": "str"}, {"format": "network"}, 'x is "10.0.0.1/8"; set it to a network'),
        (
            "h:99999",
            {"type": "str"},
            {"format": "address"},
            "set it to host:port with a port from 1 to 65535",
        ),
        (
            "x y",
            {"type": "str"},
            {"pattern": r"\S+", "expected": "one word"},
            'x is "x y"; set it to one word.',
        ),
        ("a", {"type": "int"}, {"setting": "y"}, 'x (y) is "a"; set it to a whole number.'),
        ("[{a: 1}]", {"type": "list", "elements": "dict"}, {}, "set it to a list of mappings"),
        ({"a": "short"}, {"type": "dict"}, {"format": "password"}, "set it to a password of 12 or more char"),
        ({"a": "p" * 12 + "\n"}, {"type": "dict"}, {"format": "password"}, "without blanks around it"),
        (
            {"a": "k" * 20 + " "},
            {"type": "dict"},
            {"format": "api_key"},
            "printable characters without blanks",
        ),
        (
            "a: b",
            {"type": "dict"},
            {"format": "password"},
            "a mapping in a file of variables, or by -e in JSON",
        ),
        (
            "[1]",
            {"type": "dict"},
            {"format": "password"},
            "a mapping in a file of variables, or by -e in JSON",
        ),
        ("s3cret", {"type": "int", "no_log": True}, {}, "x has a value that cannot be used; set it to"),
    ],
)
def test_value_that_does_not_fit_is_one_sentence(
    value: Any, option: dict[str, Any], constraint: dict[str, Any], sentence: str
) -> None:
    (error,) = errors(value, option, constraint)
    assert sentence in error
    assert error.endswith(".")


@pytest.mark.parametrize(
    ("ssh", "keygen", "advice"),
    [
        ("ssh: connect to host h port 22: Connection refused", "", "check the address in the inventory"),
        ("ssh: connect to host h port 22: Connection timed out", "", "its firewall lets port 22 in"),
        (
            "ssh: Could not resolve hostname h: Name or service not known",
            "",
            "check ansible_host, which is h",
        ),
        ("me@h: Permission denied (publickey).", "", "check ansible_user (it is me;"),
        ("me@h: Permission denied (publickey).", "bad permissions", "run chmod 600 k"),
        ("me@h: Permission denied (publickey).", "incorrect passphrase supplied", "ssh-add k"),
        ('Load key "k": error in libcrypto', 'Load key "k": error in libcrypto', "puttygen k"),
        (
            "kex_exchange_identification: Connection closed by UNKNOWN port 65535",
            "",
            "ansible_ssh_common_args",
        ),
    ],
)
def test_advice_is_about_the_cause(ssh: str, keygen: str, advice: str) -> None:
    result = {"rc": 1, "stderr": keygen} if keygen else {}
    sentence = SSH.ssh_advice({"rc": 255, "stderr": f"{ssh}\n"}, result, "k", "h", "me")
    assert sentence.startswith(ssh.rstrip("."))
    assert advice in sentence


@pytest.mark.parametrize("value", [{"a": "secret"}, '{"a": "secret"}'])
def test_mapping_may_be_given_as_json(value: object) -> None:
    assert AS_DICT.as_dict(value) == {"a": "secret"}


@pytest.mark.parametrize("value", ["", "secret", '["secret"]', ["secret"], None])
def test_anything_else_is_no_mapping(value: object) -> None:
    with pytest.raises(ValueError, match="api_keys is not a mapping; set it") as error:
        AS_DICT.as_dict(value, "api_keys")
    assert "secret" not in str(error.value)
