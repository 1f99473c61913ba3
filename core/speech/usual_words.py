"""English words that stand everywhere: what they tell of whether somebody was called by a name."""

from __future__ import annotations


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


GREETINGS = _set(
    """
    hello hi hey hallo hiya okay ok yes no well so oh listen sorry thanks morning evening
    afternoon night goodbye bye welcome dear and
    """
)
"""Behind which a name stands."""
AFTER_A_CALL = _set(
    """
    what what's whats how how's who who's where where's when why which can could would will do
    does did are is tell please come go give show say sing play stop help listen wait let let's
    have should may
    """
)
"""Who begins with a name goes on with a question or a wish."""
COMMON = _set(
    """
    a able about above across act add after again against ago air all allow almost alone along
    already also always am among an and animal another answer any anyone anything appear are
    area arm around art as ask at ate away baby back bad bag ball bank bar base be bear beat
    beautiful became because become bed been before began begin behind being believe below best
    better between big bill bird bit black blood blue board boat body book both bottom box boy
    brain bread break bring brother brought brown build burn business busy but buy by call came
    can can't car card care carry case cat catch cause cell center change check child children
    choose church circle city class clean clear close cloud coat coffee cold color come common
    company complete computer cook cool corner could country course cover cross cry cup cut dad
    dark data date day dead deal dear death deep did die differ difficult dinner do doctor does
    dog done don't door down draw dream dress drink drive drop dry during each ear early earth
    east easy eat edge egg eight either else end enough even ever every everyone everything
    example eye face fact fall family far farm fast fat father fear feel feet fell felt few
    field fight figure fill final find fine finger finish fire first fish fit five floor fly
    follow food foot for force form found four free fresh friend from front full fun game garden
    gave get girl give glass go god gold gone good got great green grew ground group grow guess
    had hair half hand happen happy hard has hat have he head hear heard heart heat heavy held
    hello help her here high hill him his hit hold hole home hope horse hot hour house how
    hundred hurt i ice idea if in inside into is island it it's job join joy jump just keep kept
    key kid kill kind king knew know lady land language large last late later laugh law lay lead
    learn least leave left leg less let letter lie life light like line list listen little live
    long look lost lot loud love low machine made main make man many map mark may maybe me mean
    meat meet men met middle might mile milk mind mine minute miss moment money month moon more
    morning most mother mouth move much music must my name near need never new news next nice
    night nine no none noon nor north nose not note nothing notice now number object ocean odd
    of off offer office often oh oil okay old on once one only open or order other our out
    outside over own page paint pair paper park part party pass past pay peace people perhaps
    person phone pick picture piece place plan plane plant play please point poor port power
    present press pretty price problem pull push put queen question quick quiet quite race rain
    ran rather reach read ready real really red remember rest rice rich ride right ring rise
    river road rock room rose round row rule run sad safe said sail sale salt same sand sat save
    saw say school sea seat second see seem sell send sense sent serve set seven several shall
    shape she ship shoe shop short should show shut side sign silver simple since sing sister
    sit six size skin sky sleep slow small smell smile snow so soft some son song soon sort
    sound south space speak special spell spoke spring stand star start state stay step still
    stone stood stop store story street strong study such sudden sugar summer sun sure swim
    table tail take talk tall teach team tell ten test than thank that the their them then there
    these they thing think third this those though thought three through time tiny to today
    together told tomorrow tonight too took top touch toward town train travel tree trip trouble
    true trust try turn two under until up us use very view visit voice wait walk wall want war
    warm was wash watch water wave way we wear weather week weight well went were west what
    wheel when where which while white who whole why wide wife wild will win wind window winter
    wish with woman wonder wood word work world worry would write wrong yard year yes yesterday
    yet you young your aid ad age ah are air art odder order outer utter otter
    """
)
"""What everybody says, and nobody means as a name unless somebody is called."""
NEVER = _set(
    """
    a after all also am an and another any anyone are as at be because been before but by call
    can could day did do does don't done each eat even ever every everyone for from get go had
    has have he her here hers him his how i if in into is it it's its just last later let like
    list listen made make man many may me mean men might more most must my new next night nine
    no none nor not note nothing now of off oh ok okay old on once one only or our out own
    people please put right said same say see she should since so some still stop such take talk
    tell ten than thank that the their them then there these they thing think this those though
    time to today together tomorrow tonight too try two under until up us use wait want was way
    we well went were what when where which while who whole why will with word would yes yet you
    young your
    """
)
"""With these sentences begin, whoever is there."""
