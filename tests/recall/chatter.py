"""What people say when they say nothing in particular: the hay around the needles."""

from __future__ import annotations

SAYINGS = """
it rained so hard that the street looked like a canal
the sun is out and nobody told my office
forecast says hail, of course it does, I just washed the windows
my balcony tomatoes have given up on life
the basil died again, that's number four this year
I repotted the monstera and now it sulks
someone stole the bench in front of our house, a whole bench
the new bakery on the corner does cardamom buns, go early
I burned the rice, a thing I didn't think was possible in that pot
lentil soup again, day three, I have become lentil
does anybody have a good recipe for leftover bread
tried to make sushi, made a salad with extra steps
the coffee machine at work makes a sound like a dying whale
who puts pineapple into a curry, honestly
I ate {food} standing at the sink like an animal
{food} for dinner, come over if you're near
we had {food} at {place} and it was the best thing this month
never order {food} at {place}, that's my advice for today
is {place} still closed on {day}s
see you at {place} on {day}, I'll be the one with the ridiculous hat
I walked all the way to {place} and it was closed for a private party
{place} has new chairs and they're worse
they painted {place} orange, who decides such things
the queue at {place} went round the corner
half the town was at {place} on {day}
there's a street piano near {place}, somebody was playing Satie very slowly
I saw {person} at {place}, looked tired but happy
did anybody hear from {person} lately
{person} sent me a voice message of eleven minutes
{person} still owes me a book about bees
{person} is moving house again, the third time in two years
tell {person} that the parcel is at my place
{person} says hello and wants to know who broke the lamp
{person} got promoted, drinks are on somebody
I've been on hold with the insurance for forty minutes
my phone fell into the soup, it's in rice now, joining its relatives
the update moved all my icons and I feel betrayed
why does every app want to know my birthday
I cleaned up my inbox, down to nine thousand
the printer works if you threaten it
meeting about meetings, live from the third floor
deadline moved to {day}, then moved back, then forgotten
I have three calendars and still missed the only thing in them
the intern fixed in an hour what we argued about for a week
my chair has started to sink slowly during calls
they want us back in the office on {day}s
the lift music is a cover of a cover
lunch break was twelve minutes, I counted
my train was on time and I missed it because I didn't believe it
tram 4 is diverted until further notice, nobody knows where
the bus driver waited for me, there's good in the world
I cycled against the wind both ways, explain that
the bridge is closed for cyclists until autumn
flat tyre, second one this week, I'm cursed
my neighbour vacuums at six in the morning like it's a sport
somebody in our building is learning the recorder
the cellar smells of paint and secrets
found a note in the letterbox that only says "thank you"
the heating makes tapping noises, we call him Gregor
spent the evening untangling the fairy lights
I finally fixed the shelf, it leans a little, so do I
paint samples all over the wall and they all look grey
flea market on {day}, who's in
I bought a lamp in the shape of a goose
sold my old sofa to a man who came by canoe
never assemble furniture with somebody you love
the washing machine ate another sock
ironing is something that happens to other people
watched that series everybody talks about, two episodes, I don't get it
the ending made no sense but I cried anyway
cinema on {day}? the small one with the broken seats
I fell asleep in the film and woke up in another film
the book is eight hundred pages and nothing has happened yet
reading in the bath is dangerous for library books
I have been humming the same four notes since breakfast
that song is older than all of us and still works
somebody recommended a podcast about elevators in Tokyo and it's great
my playlist thinks I'm sad
we lost four to one and celebrated anyway
the goalkeeper was amazing, the rest was furniture
running before breakfast is a crime against breakfast
did forty minutes of yoga and discovered new bones
I joined the gym again, see you next January
table tennis in the park at six, bring your own bat
climbing wall was full of children who weigh nothing
swimming pool smells like my childhood
who won the match, no spoilers, just a nod
pub quiz on {day}, we need somebody who knows flags
we came second, lost by one capital city
cards at mine, loser does the dishes
somebody took the yellow pieces from the board game
I rolled six ones in a row, mathematicians hate me
that puzzle has a piece missing, I'm sure it's on purpose
my left eye twitches, that's coffee or destiny
slept like a stone, woke up like a stone
insomnia again, I now know everything about cranes
I took a nap and lost the whole afternoon
sneezed eleven times in a row, new record
the pollen has declared war
my back hurts from sitting, my feet from standing
hot lemon, blanket, goodbye world
doctor says drink more water, that's the whole appointment
I am on day two of no sugar and see through time
three meetings, two emails, zero thoughts
I can hear the fridge thinking
the moon is enormous right now, look outside
there's a hedgehog living under our steps
ducks on the road, whole traffic waiting, very dignified
a crow has been bringing me bottle caps
the fox is back, walks through the yard like a landlord
found a snail on the fourth floor, respect
bees in the shutter box again
I tried to pet a goat and it tried to eat my sleeve
the aquarium at the dentist's has one very judgemental fish
taxes done, I need a parade
the receipt was longer than my arm
prices for butter are a crime
found ten euros in my winter coat, I'm rich
my card got declined for a pretzel
saving money by forgetting my purse
I bid four euros on a clock and won, no idea why
the parcel is "with a neighbour", which neighbour, nobody knows
ordered one spoon, got a box as big as a fridge
they delivered somebody else's trampoline cover to me
voted, got a sticker, feel important
the mayor opened a roundabout, there was cake
demonstration downtown, take the back streets
new speed bumps, my teeth rattle
power cut for ten minutes, whole street came out to talk
we should do that barbecue before the weather changes
who brings the charcoal
I can bring {food} and bad jokes
count me in for {day}
can't on {day}, family thing
{day} works, but after six
maybe {day}, depends on the child
let's decide on {day} morning, spontaneously, like young people
I'll be late, start without me
already there, saved you seats by the window
running late, the bus is being a bus
home now, that was lovely
thanks for yesterday, I laughed so much that my face hurts
who left a scarf at mine, brown, smells of campfire
somebody forgot a pan, a big one, it's mine now
sorry, wrong group
ignore that, it was my pocket
what did I miss
too many messages, can somebody sum it up
I read everything and understood nothing
this is why we can't have nice things
I knew it, I knew it
well, that escalated
nobody asked, but I agree
unpopular opinion: {food} is better cold
hot take: {day} is the best day of the week
serious question: is {food} a breakfast
what's the word for when you forget a word
explain to me how {person} gets everywhere before everybody else
do we have a photo of that evening at {place}
who has the big ladder at the moment
does anybody have a drill that works
need a hand with a wardrobe on {day}, payment in {food}
I have two tickets too many for {day}, anybody
what's everybody reading
what are you all cooking tonight
anybody awake
good night all, be kind to your alarm clocks
morning, it's {day}, we can do this
happy {day} to those who celebrate
the cake was dry but the company wasn't
I finally understood the joke from last week
my mother has discovered stickers, pray for me
my uncle replied to everybody with a thumbs up, at three in the night
my goddaughter asked why the sea isn't full yet
kids next door sell lemonade at stock market prices
school play on {day}, I am told there is a talking turnip
homework is harder than I remember, what is a quotient
a toddler told me my hair is wrong and she was right
the playground swing squeaks in B flat
my handwriting has become a secret even to me
wrote a letter, by hand, with a stamp, ask me anything
lost my glasses, was wearing them
lost an earring at {place}, silver, shaped like a leaf
I've been wearing my jumper inside out since breakfast
new haircut, looks like an accident, feels great
those shoes lasted exactly one wedding
packed for three days like for three months
airport coffee costs more than the flight
the guide spoke so softly that we learned nothing and loved it
hotel pillow like a sandbag
postcards arrive after we're back, as it should be
one day I'll live by the sea and complain about gulls
mountains are nice from below
got lost on the way to {place} and found a better one
ferry was late, sunset was on time
the museum has a whole room of spoons
modern art made me hungry
saw a play without words, finally
the organ concert shook my ribs
karaoke was a mistake, a beautiful one
I clapped at the wrong moment, alone
open mic on {day}, somebody read from the phone book
they closed the record shop, I'm in mourning
my radio only gets one station and it's the weather
watched the rain for an hour, ten out of ten
built a fort out of boxes, won't answer questions
dreamt that {person} was a lighthouse keeper on a roundabout
learned to juggle two things, which is just throwing
I made soap and it's a crime scene
knitting update: it's a triangle, it wasn't meant to be
my candle has a smell called "library", it's just paper and lies
the drawer of cables has grown another cable
backup your stuff, that's all I'm going to say
two factor, three factor, I just want to see my bill
robot vacuum has eaten a shoelace and died a hero
the smart lamp is not
asked the voice assistant for jazz, got chess
the router blinks in a way I don't like
turn it off and on again, the answer to everything
somebody explain the new bins, there are five
the recycling calendar is harder than my degree
bottle deposit paid for half of lunch
our street has a new tree and it already has a name
planted garlic, see you in July
the compost is steaming, that's a good sign they say
wasps, everywhere, in my drink, in my soul
first strawberries at the market, small and perfect
pumpkin season is upon us, hide
advent calendars already, it's still warm
fireworks for no reason again, dogs hate it
clocks go back on {day}, or forward, nobody knows
"""

ADA = """
That sounds like a long day. What helped?
Ha, I would have paid to see that.
Noted. Shall I bring it up again on {day}?
I'd start with the small thing and see what happens.
You could ask {person}, who knows about such matters.
I have no hands, but I'm with you in spirit.
There's a saying about that, and I've forgotten it.
Counting votes: two for {day}, one for never.
It depends on the butter, as so much does.
Good question. What would you tell a friend?
I like how you say that as if it were normal.
Sleep first, decide later.
That's brave. Or foolish. Sometimes it's the same.
Tell me how it ends.
I would take an umbrella and low expectations.
My guess is {place}, but I've been wrong before.
Then let it be {food} and call it a plan.
Congratulations to the goose.
Three things: breathe, drink something, reboot.
You're all impossible, and I mean it kindly.
The last time somebody said that, there was smoke.
I believe you, though the evidence is thin.
If it leans, it's modern.
One of you should write this down.
I'd be glad to. When?
Some mysteries are better with their lids on.
Rain again, then. I'll put the kettle on, figuratively.
What did the crow want in return?
That's the spirit.
Put it in rice, and yourself too.
"""

SLOTS = {
    "food": (
        "noodles", "pancakes", "cold pizza", "potato salad", "dumplings", "toast with honey",
        "roasted carrots", "waffles", "bean stew", "a whole melon", "pickles", "mushroom risotto",
        "fried plantain", "leek pie", "plum cake", "radishes", "couscous", "apple strudel",
    ),
    "place": (
        "the old mill", "the canal bar", "the market hall", "the library café", "Rosa's", "the lido",
        "the corner kiosk", "the botanical garden", "the skate park", "the night market",
        "the boathouse", "the pier", "the tea house", "the arcade", "the quarry lake",
    ),
    "day": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "person": (
        "Anouk", "Ben", "Carla", "Dimitri", "Elif", "Frank", "Gesa", "Hakim", "Iris", "Joost",
        "Katja", "Milo", "Nadia", "Ole", "Pia", "Ravi", "Sanne", "Theo", "Ulla", "Vera",
    ),
}  # fmt: skip

BEFORE = (
    "ok so", "by the way,", "guess what:", "sigh,", "small news:", "right,", "honestly,", "lol",
    "confession:", "update:", "well", "not to brag but", "friends,", "help,", "question or not:",
    "as I was saying,", "meanwhile here:", "breaking:", "hm,", "you won't believe it,",
)  # fmt: skip

AFTER = (
    "anyway", "don't ask", "so yeah", "thoughts?", "send help", "that's it, that's the message",
    "how is your day", "no regrets", "again", "typical", "I'm fine", "I'll survive", "film at eleven",
    "who else", "over and out", "just so you know", "and it's only noon", "what a week",
    "I blame the weather", "somebody write that down", "could be worse", "as one does",
)  # fmt: skip


def sayings() -> list[str]:
    return SAYINGS.strip().splitlines()


def answers() -> list[str]:
    return ADA.strip().splitlines()
