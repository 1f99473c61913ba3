"""What a moment asks of memory: the words of what is to be answered, without those all texts have."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from core.state import Scene
from core.words import words

_FEW = 3
"""Fewer words than these seldom say what they are about: "and then?"."""
_MOST = 32
"""Words that are looked for; each costs a look into the index."""
_LONGEST = 4_000
"""Characters of a message that are looked at, its end: there the question stands."""


@dataclass(frozen=True, slots=True)
class Question:
    words: tuple[str, ...]
    """As the index has them, each once."""
    own: tuple[str, ...]
    """Without those of the line before, which stands in where the question says little."""
    text: str
    """For a model that makes vectors."""
    echoes: frozenset[str] = frozenset()
    """What is asked, bare: who asked the same before has not answered it."""

    def but(self, words: Collection[str]) -> Question:
        """Without these words."""
        left = tuple(one for one in self.words if one not in words)
        return replace(self, words=left, own=tuple(one for one in self.own if one not in words))


def question(scene: Scene, query: str = "") -> Question:
    """Of the open messages, or of the query; where they say little, of the line before too."""
    texts = [query] if query.strip() else _open(scene)
    # Whoever speaks to her calls her by her name.
    called = frozenset(words(scene.character.name))
    own = found = [one for one in content_words(texts) if one not in called]
    echoes = frozenset(map(bare, texts))
    if len(found) < _FEW and not query.strip() and scene.history:
        texts = [scene.history[-1].text[-_LONGEST:], *texts]
        found = [one for one in content_words(texts) if one not in called]
    if len(found) > _MOST:
        # The longest words are the rarest, as a rule of thumb that needs no index.
        kept = frozenset(sorted(found, key=len, reverse=True)[:_MOST])
        own = found = [one for one in found if one in kept]
    return Question(tuple(found), tuple(own or found), "\n".join(texts)[-_LONGEST:], echoes)


def content_words(texts: Iterable[str]) -> list[str]:
    """Each once, in their order."""
    return list(dict.fromkeys(one for text in texts for one in words(text) if one not in _COMMON))


def bare(text: str) -> str:
    """To tell that two texts say the same in the same words."""
    return " ".join(text.casefold().split()).rstrip(".!? ")


def _open(scene: Scene) -> list[str]:
    if scene.cue:
        return [scene.cue[-_LONGEST:]]
    return [one.text[-_LONGEST:] for one in scene.inbound if one.text.strip()]


# Words that nearly every text of their language has. An index would give them next to no weight,
# but would have to walk through all of their rows to find that out.
_COMMON = frozenset(
    words(
        """
        a about after again all also am an and any are aren as at be because been before being but
        by can cannot could couldn d did didn do does doesn doing don down each else ever every few
        for from further get gets getting go goes going gonna got had hadn has hasn have haven
        having he hello her here hers hey hi him his how i if in into is isn it its just let like ll
        m maybe me might more most much must my no not now of off oh ok okay on once one only or
        other our out over own please re really s same say says shall she should shouldn so some something
        still such sure t tell than thank thanks that the their them then there these they thing
        things this those though through to told too two under until up us ve very was wasn we well
        were weren what when where which while who whom whose why will with won would wouldn yeah
        yes yet you your yours d'you said know knows knew think thinks thought remember remind
        mention mentioned ask asked

        aber alle als also am an auch auf aus bei bin bis bist da damit dann das dass dein dem den
        denn der des dich die dir doch du ein eine einem einen einer er es etwas euch fur gibt habe
        haben hast hat hatte ich ihm ihn ihr im in ist ja jetzt kann kannst kein keine mal man mehr
        mein mich mir mit nach nein nicht noch nur ob oder schon sehr sein sich sie sind so uber um
        und uns vom von vor war waren warum was wenn wer wie wieder will wir wird wo zu zum zur

        ai au aux avec ce ces cette dans de des donc du elle elles en es est et etait ete eux fait
        il ils je la le les leur lui ma mais me mes moi mon ne nos notre nous on ont ou par pas plus
        pour pourquoi quand que quel quelle qui sa sans se ses si son sont suis sur ta te tes toi
        ton tous tout tres tu un une vos votre vous y

        al algo como con cual cuando de del desde donde e el ella ellos en era eres es esa ese eso
        esta este esto estoy fue ha hay he la las le les lo los me mi mis muy nada no nos o para
        pero por porque que quien se ser si sin sobre solo son soy su sus tambien te tengo ti tiene
        todo tu un una uno y ya yo

        anche c che chi ci come cosa cui da dal dalla degli dei del della delle di dove e gli ha hai
        ho i il io ma mi nel nella non per perche piu quando quello questo sei si sono sua suo ti tra
        um uma com das do dos em ele ela eu foi isso mais mas meu minha nao na nas no nos os ou pela
        pelo quem sao sem seu sua tem voce

        aan dat deze dit een ben bij dan door echt er geen goed had heb hebben heeft het hier hij
        hoe ik jij je jou kan maar meer met mijn naar niet nog nu of om ook op te uit van veel voor
        waar wat weer wel werd wie wij ze zijn zo

        а без бы был была было быть в вас ведь во вот все всё вы где да для до его ее её если есть
        еще ещё же за и из или им их к как когда кто ли мне мой моя мы на не него нее нет ни но ну о
        об он она они от по под при с со так там тебе тебя то только ты у уже хочу что чтобы это я
        """
    )
)
