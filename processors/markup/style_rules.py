"""The rules of a page's own style sheets that hide text or cross it out, and which elements they are about.

In: a page as a tree. Out: `StyleRules`, which say what is declared of an element. Selectors of tags, classes, ids,
attributes and places among siblings are matched, with descendants and children; a rule with any other selector
hides nothing here, since nobody could say of what. Rules for one medium or width alone hide nothing either: a
reader of another one sees the text. What they show, and what is shown once a reader points, clicks or a script
adds a class, counts as something that can be shown. Linked style sheets are not read. Bounded, never raises.
Source: CSS 2.2, chapters 5 and 6 (selectors, cascade), read 2026-11-29.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Final

from lxml import html

MOST_STYLE_CHARACTERS: Final = 2_000_000
_MOST_RULES: Final = 5_000
_MOST_PARTS: Final = 6
_MOST_ANCESTORS: Final = 200

_COMMENT: Final = re.compile(r"/\*.*?\*/|<!--|-->", re.DOTALL)
_BRACE: Final = re.compile(r"([^{}]*)([{}])")
_PROPERTIES_IN_QUESTION: Final = ("display", "visibility", "text-decoration", "clip")
_UNCONDITIONAL: Final = re.compile(
    r"@(?:supports|layer)\b|@media\s*(?:all|screen|only screen|(?:screen|all)\s*,.*|.*,\s*(?:screen|all))\s*$",
    re.IGNORECASE | re.DOTALL,
)
_GROUP: Final = re.compile(r"@(?:media|supports|layer|container|document|scope)\b", re.IGNORECASE)
_COMPOUND: Final = re.compile(
    r"""(?P<tag>\*|[a-zA-Z][\w-]*)?(?P<rest>(?:[.#][\w\u00a0-\uffff-]+|\[[^\]]{1,100}\]|::?[\w-]+(?:\([^()]{0,60}\))?)*)"""
)
_PIECE: Final = re.compile(r"[.#][\w\u00a0-\uffff-]+|\[[^\]]{1,100}\]|::?[\w-]+(?:\([^()]{0,60}\))?")
_ATTRIBUTE: Final = re.compile(r"""\[\s*([\w-]+)\s*(?:([~|^$*]?=)\s*["']?([^"'\]]*?)["']?\s*)?\]""")
_PLACE: Final = re.compile(r":(?:(first|last)-child|nth-(last-)?child\(\s*(\d{1,3})\s*\))$")
_COMBINED: Final = re.compile(r"\s*([>+~])\s*|\s+")


@dataclass(frozen=True, slots=True)
class _Compound:
    """``td.key#one[hidden]:nth-child(2)``: what one element must be."""

    tag: str | None
    classes: frozenset[str]
    id: str | None
    attributes: tuple[tuple[str, str, str], ...]
    places: tuple[tuple[bool, int], ...]
    understood: bool

    def matches(self, element: html.HtmlElement) -> bool:
        if self.tag is not None and element.tag != self.tag:
            return False
        if self.id is not None and element.get("id") != self.id:
            return False
        if self.classes and not self.classes <= frozenset((element.get("class") or "").split()):
            return False
        return all(_has(element, *each) for each in self.attributes) and all(
            _stands_at(element, *each) for each in self.places
        )


def _has(element: html.HtmlElement, name: str, how: str, wanted: str) -> bool:
    value = element.get(name.lower())
    if value is None:
        return False
    match how:
        case "":
            return True
        case "=":
            return bool(value == wanted)
        case "~=":
            return wanted in value.split()
        case "^=":
            return bool(value.startswith(wanted))
        case "$=":
            return bool(value.endswith(wanted))
        case "*=":
            return wanted in value
        case _:
            return bool(value == wanted or value.startswith(f"{wanted}-"))


def _stands_at(element: html.HtmlElement, from_end: bool, number: int) -> bool:
    siblings = element.itersiblings(preceding=not from_end)
    return sum(1 for _ in zip(siblings, range(number), strict=False)) == number - 1


@dataclass(frozen=True, slots=True)
class Declared:
    """A declaration of one rule, and where it stands in the cascade."""

    value: str
    important: bool
    specificity: tuple[int, int, int]
    order: int

    @property
    def rank(self) -> tuple[bool, tuple[int, int, int], int]:
        """What wins: the larger."""
        return self.important, self.specificity, self.order


@dataclass(frozen=True, slots=True)
class _Rule:
    compounds: tuple[_Compound, ...]
    combinators: tuple[str, ...]
    declarations: dict[str, tuple[str, bool]]
    order: int
    conditional: bool

    @property
    def subject(self) -> _Compound:
        return self.compounds[-1]

    @property
    def specificity(self) -> tuple[int, int, int]:
        return (
            sum(each.id is not None for each in self.compounds),
            sum(len(each.classes) + len(each.attributes) + len(each.places) for each in self.compounds),
            sum(each.tag is not None for each in self.compounds),
        )

    @property
    def understood(self) -> bool:
        return all(each.understood for each in self.compounds) and not {"+", "~"} & set(self.combinators)

    def matches(self, element: html.HtmlElement) -> bool:
        if not self.subject.matches(element):
            return False
        place, current = len(self.compounds) - 2, element
        while place >= 0:
            wanted = self.compounds[place]
            if self.combinators[place] == ">":
                parent = current.getparent()
                if parent is None or not wanted.matches(parent):
                    return False
                current = parent
            else:
                above = zip(current.iterancestors(), range(_MOST_ANCESTORS), strict=False)
                found = next((each for each, _ in above if wanted.matches(each)), None)
                if found is None:
                    return False
                current = found
            place -= 1
        return True


@dataclass(slots=True)
class _Rules:
    """Rules, found by what their subjects must have: an id, else a class, else a tag."""

    _by: dict[str, list[_Rule]] = field(default_factory=dict)
    count: int = 0

    def add(self, rule: _Rule) -> None:
        subject = rule.subject
        names = (
            [f"#{subject.id}"] if subject.id is not None else [f".{name}" for name in sorted(subject.classes)[:1]]
        )
        self._by.setdefault(next(iter(names), subject.tag or "*"), []).append(rule)
        self.count += 1

    def __iter__(self) -> Iterator[_Rule]:
        return chain.from_iterable(self._by.values())

    def may_be_about(self, element: html.HtmlElement, names: str | None) -> bool:
        """Whether `about` gives any rule but those of every element, of which only attributes tell."""
        known = self._by
        if not known:
            return False
        if element.tag in known or (names and any(f".{name}" in known for name in names.split())):
            return True
        if "*" in known and any(_has(element, *each) for rule in known["*"] for each in rule.subject.attributes):
            return True
        return f"#{element.get('id')}" in known

    def about(self, element: html.HtmlElement) -> Iterator[_Rule]:
        """Rules whose subject may be the element."""
        if not self._by:
            return
        for name in ("*", str(element.tag), f"#{element.get('id')}"):
            yield from self._by.get(name, ())
        for name in (element.get("class") or "").split():
            yield from self._by.get(f".{name}", ())


@dataclass(slots=True)
class StyleRules:
    """What the page's own style sheets say of hiding, showing and crossing out."""

    _rules: _Rules = field(default_factory=_Rules)
    _acting: _Rules = field(default_factory=_Rules)
    _shows: list[_Rule] = field(default_factory=list)

    def may_act_on(self, element: html.HtmlElement, names: str | None) -> bool:
        """Whether a rule may hide or cross out the element, by its tag, id and classes (``names``) alone."""
        return self._acting.may_be_about(element, names)

    def act_on(self, element: html.HtmlElement) -> bool:
        """Whether a rule hides the element or crosses it out, should no other rule or style win over it."""
        return any(rule.matches(element) for rule in self._acting.about(element))

    def declared(self, element: html.HtmlElement, name: str) -> Declared | None:
        """The declaration of a property that wins for the element."""
        found = [
            Declared(*rule.declarations[name], rule.specificity, rule.order)
            for rule in self._rules.about(element)
            if name in rule.declarations and rule.matches(element)
        ]
        return max(found, key=lambda each: each.rank) if found else None

    def can_show(self, element: html.HtmlElement) -> bool:
        """Whether a rule shows the element on another medium, or once something happens to it."""
        own = frozenset((element.get("class") or "").split())
        return any(_may_come_to_match(rule, element, own) for rule in self._shows)


def _may_come_to_match(rule: _Rule, element: html.HtmlElement, own: frozenset[str]) -> bool:
    """Whether the subject of a showing rule is this element, but for classes that a script may add."""
    subject = rule.subject
    if subject.tag is not None and subject.tag != element.tag:
        return False
    if subject.id is not None:
        return bool(subject.id == element.get("id"))
    if subject.classes:
        return bool(subject.classes & own)
    return subject.tag is not None and not rule.understood


def _acts(name: str, value: str) -> bool:
    return (
        (name == "display" and value == "none")
        or (name == "visibility" and value in ("hidden", "collapse"))
        or (name == "text-decoration" and "line-through" in value)
        or (name == "clip" and value.startswith(("rect(", "inset(")))
    )


def style_rules(tree: html.HtmlElement) -> StyleRules:
    """The rules of all ``<style>`` elements of the page, but for those that hold without scripts alone."""
    made = StyleRules()
    left = MOST_STYLE_CHARACTERS
    for style in tree.iter("style"):
        text = (style.text or "")[: max(left, 0)]
        left -= len(text)
        media = (style.get("media") or "all").strip()
        parent = style.getparent()
        if not _names_a_property(text) or (parent is not None and parent.tag == "noscript"):
            continue
        conditional = _UNCONDITIONAL.match(f"@media {media}") is None
        for rule in _rules(_COMMENT.sub(" ", text), made._rules.count, conditional):
            shows = "display" in rule.declarations and rule.declarations["display"][0] != "none"
            hides_for_all = rule.understood and not rule.conditional
            if shows and (not hides_for_all or len(rule.subject.classes) > 1 or len(rule.compounds) > 1):
                made._shows.append(rule)
            if hides_for_all:
                made._rules.add(rule)
                if any(_acts(name, value) for name, (value, _) in rule.declarations.items()):
                    made._acting.add(rule)
        if made._rules.count > _MOST_RULES:
            break
    return made


def _names_a_property(css: str) -> bool:
    """Whether any of the properties in question is named."""
    lowered = css.lower()
    return any(name in lowered for name in _PROPERTIES_IN_QUESTION)


def _rules(css: str, first: int, conditional: bool) -> Iterator[_Rule]:
    """Every rule that names one of the properties in question, in order."""
    around: list[str] = []
    order = first
    for found in _BRACE.finditer(css):
        text, brace = found.groups()
        if brace == "{":
            around.append(text.rpartition(";")[2].strip())
            continue
        selectors = around.pop() if around else ""
        if not text or selectors.startswith("@") or not selectors or not _names_a_property(text):
            continue
        if any(each.startswith("@") and not _GROUP.match(each) for each in around):
            continue
        within = conditional or any(each.startswith("@") and not _UNCONDITIONAL.match(each) for each in around)
        declarations = declarations_in(text)
        if declarations.get("animation") or declarations.get("animation-name"):
            continue  # hidden until its scripts are there, as the boilerplate of AMP has it
        for selector in _selectors(selectors):
            order += 1
            rule = _rule(selector, declarations, order, within)
            if rule is not None:
                yield rule


def _selectors(text: str) -> list[str]:
    return [each for part in re.split(r",(?![^(\[]*[)\]])", text)[:100] if (each := part.strip())]


def _rule(selector: str, declarations: dict[str, tuple[str, bool]], order: int, conditional: bool) -> _Rule | None:
    if not declarations or len(selector) > 300:
        return None
    compounds: list[_Compound] = []
    combinators: list[str] = []
    place = 0
    while place < len(selector):
        found = _COMPOUND.match(selector, place)
        if found is None or found.end() == place or len(compounds) >= _MOST_PARTS:
            return None
        compounds.append(_compound(found.group("tag"), found.group("rest")))
        place = found.end()
        if place == len(selector):
            break
        joint = _COMBINED.match(selector, place)
        if joint is None or joint.end() == place:
            return None
        combinators.append(joint.group(1) or " ")
        place = joint.end()
    if len(compounds) != len(combinators) + 1:
        return None
    return _Rule(tuple(compounds), tuple(combinators), declarations, order, conditional)


def _compound(tag: str | None, rest: str) -> _Compound:
    classes, id_, attributes, places, understood = set(), None, [], [], True
    for piece in _PIECE.findall(rest):
        if piece.startswith("."):
            classes.add(piece[1:])
        elif piece.startswith("#"):
            id_ = piece[1:]
        elif piece.startswith("["):
            attribute = _ATTRIBUTE.fullmatch(piece)
            if attribute is None:
                understood = False
            else:
                attributes.append((attribute[1], attribute[2] or "", attribute[3] or ""))
        elif place := _PLACE.match(piece):
            from_end = place[1] == "last" or place[2] is not None
            places.append((from_end, int(place[3] or 1)))
        else:
            understood = False
    name = None if tag in (None, "*") else str(tag).lower()
    return _Compound(name, frozenset(classes), id_, tuple(attributes), tuple(places), understood)


def declarations_in(text: str) -> dict[str, tuple[str, bool]]:
    """Properties with their values, and whether they are important; the last of one name wins."""
    found: dict[str, tuple[str, bool]] = {}
    for part in text.split(";"):
        name, colon, value = part.partition(":")
        if not colon:
            continue
        name, value = name.strip().lower(), value.strip().lower()
        important = value.endswith(("!important", "! important"))
        if important:
            value = value.rpartition("!")[0].strip()
        if name == "text-decoration-line":
            name = "text-decoration"
        if name == "clip-path":
            name = "clip"
        if important or not (name in found and found[name][1]):
            found[name] = (value, important)
    return found
