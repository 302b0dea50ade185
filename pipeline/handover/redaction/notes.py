"""The sentence that stands beside what is covered in the files of a package, in every language of its reports."""

from pipeline.handover.report.report_texts import languages, texts_for


def redaction_notes() -> dict[str, str]:
    """By language: what ``▮`` means."""
    return {language: texts_for(language)("redacted.bars") for language in languages()}
