"""The validation report in sentences: what goes along in a package beside the JSON.

In: a `ValidationReport`. Out: plain text, the same for the same report. Raises ``KeyError`` on a report that was
not made here; `ValidationReport.read` has looked at no more than its head.
"""

import json

from pipeline.validation.validation_report import ValidationReport


def validation_text(report: ValidationReport) -> str:
    """The report for a person, in English."""
    found = json.loads(report.content)
    software, tests = found["software"], found["tests"]
    lines = [
        f"Validation report of {software['name']} {software['version']}",
        "",
        f"Made at {found['made_at']} from a run of the tests of this very code ({software['tree']}),",
        f"on Python {found['ran_on']['python']}, {found['ran_on']['system']}.",
        "",
        f"{tests['run']} tests were run: {tests['passed']} passed, {tests['failed']} failed, "
        f"{tests['skipped']} were left out.",
        *(f"  failed: {name}" for name in tests["failed_names"]),
        "",
        "WHAT WAS TESTED",
        "",
    ]
    for each in found["areas"]:
        said = f"{each['passed']} of {each['run']} tests passed" if each["tested"] else "not tested in this run"
        lines += [f"- {each['area']}: {said}. The claim: {each['claim']}"]
    lines += ["", "WHAT WAS MEASURED ON NAMED SETS", ""]
    for each in found["measurements"]:
        rate = "" if each["error_rate"] is None else f", error rate {each['error_rate']:.4f}"
        lines += [f"- {each['set']}, {each['what']}: {each['right']:g} of {each['of']:g}{rate}"]
    if not found["measurements"]:
        lines += ["Nothing was measured for this report."]
    lines += ["", f"KNOWN LIMITS ({found['limits']['sha256']})", ""]
    lines += [f"- {each['heading']}: {each['statement']}" for each in found["limits"]["statements"]]
    return "\n".join(lines) + "\n"
