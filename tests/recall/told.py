"""What five people told in eight months, each thing once, and what is asked about it later.

`SAME` questions have the telling words of the answer, `OTHER` ones say it differently; both were
written before anything was measured, and how hits are ranked was chosen with their results in
sight. `HELD` ones were written when that was settled, and nothing was changed for their sake. A
question and its answer have the same number.
"""

from __future__ import annotations

TOLD = """
1|Robin|We named the kitten Minka after my grandmother's boat
2|Kim|I start at the veterinary clinic on the first of March, finally a proper contract
3|Lee|Mum's hip operation went fine, they say she can be home by Friday
4|Noor|My sister is getting married in Lisbon in the middle of June, I have to hold a speech
5|Tomas|sold the old Volvo yesterday and bought a cargo bike instead, no regrets
6|Robin|careful with that dessert, I can't eat hazelnuts, my throat swells up
7|Kim|The landlord is raising our rent by ninety euros from January on
8|Lee|passed my driving test on the third attempt!!
9|Noor|I signed up for the pottery evening class, Tuesdays at seven
10|Tomas|Our band plays the harbour festival, Saturday at nine, small stage
11|Robin|in case you get there first: the spare key hangs behind the fuse box in the hallway
12|Kim|wifi password at the cabin is still otterpond77
13|Lee|I moved to Leipzig in 2019 because of the orchestra, not because of the rents
14|Noor|Dad turns seventy on the second of October, we're planning something secret
15|Tomas|my knee is done for again, torn meniscus, no football until spring
16|Robin|I think I left my umbrella at the Thai place on Brook Street
17|Kim|If it's a girl she will be called Ines, after his aunt
18|Lee|the choir rehearses in the gym of the primary school now, acoustics are horrible
19|Noor|I quit smoking eleven days ago and I hate everybody
20|Tomas|The boiler is broken, the plumber comes Thursday between eight and noon
21|Robin|I'm learning Portuguese, mostly with podcasts in the tram
22|Kim|grandpa left me his stamps, four huge albums, no idea what to do with them
23|Lee|well I only play second violin, nobody notices when I'm late
24|Noor|landing at 22:40 in Porto if they are on time, which they never are
25|Tomas|I proposed up on the lighthouse and she said yes
26|Robin|they want to pull both my wisdom teeth in November
27|Kim|I've been vegetarian since that school trip to the slaughterhouse
28|Lee|My brother Jonas works on an oil rig off Norway, three weeks on, three off
29|Noor|the cake for the office has to be gluten free because of Petra
30|Tomas|my passport runs out in August, so I have an appointment at the town hall
31|Robin|I lent Lee my tent, the green one, so don't ask me
32|Kim|The dog ate half a chess set, we spent the night at the emergency clinic
33|Lee|no red wine for me please, I get migraines from it
34|Noor|my thesis is about salt marshes in the Wadden Sea, two more chapters to go
35|Tomas|Grandma's goulash has a spoon of cocoa in it, never tell her I told you
36|Robin|painted the bedroom dark green last weekend, my arms are dead
37|Kim|our anniversary is the third of May, don't let me forget it again
38|Lee|the allotment is number 114, third path on the left, look for the blue barrel
39|Noor|I always take the stairs, lifts scare me to death
40|Tomas|so for Sunday: we meet at the fountain by the station at half past five
41|Robin|my old laptop finally died and took all the photos from Iceland with it
42|Kim|I used to row for the university, we even won the regatta in 2012
43|Lee|guess who gets to do the solo in the Brahms in December
44|Noor|can't do mornings, I work night shifts at the hospital until the end of the month
45|Tomas|the recipe needs 300 grams of chickpea flour, not the whole bag
46|Robin|my therapist moved me to Mondays at four
47|Kim|The code for the bike shed is 4821, please don't post it anywhere
48|Lee|I'm colour blind, red and green are the same soup to me
49|Noor|we adopted two greyhounds from a rescue in Spain, they're terrified of the toaster
50|Tomas|my first job was selling ice cream on the ferry, I was fourteen
51|Robin|I failed statistics twice before they let me through
52|Kim|we booked the cottage in Skagen for the last two weeks of July
53|Lee|my blood type is O negative, so they call me all the time
54|Noor|They cancelled my train and I sat in Kassel for six hours
55|Tomas|every other Wednesday I'm at the food bank sorting vegetables
56|Robin|broke my arm falling off a trampoline when I was nine, still can't turn it fully
57|Kim|my boss resigned! Farida takes over the team in April
58|Lee|I collect old railway maps, the best one is from 1893
59|Noor|our fridge is full of kimchi, I make ten kilos every autumn
60|Tomas|the tattoo on my shoulder is a heron, not a chicken, thanks
61|Robin|left my old bank because of the fees, I'm with the cooperative one now
62|Kim|My nephew Oskar has chickenpox, so we can't come on Saturday
63|Lee|since the bar downstairs opened I sleep with earplugs
64|Noor|I got 200 from Tomas for the deposit and will pay it back in May
"""

SAME = """
12|What was the wifi password at the cabin?
13|Why did Lee move to Leipzig?
16|Where did Robin leave the umbrella?
18|Where does the choir rehearse?
20|When does the plumber come about the boiler?
30|When does Tomas's passport run out?
37|When was the anniversary that I should not let Kim forget?
40|Where do we meet on Sunday, was it the fountain?
45|How many grams of chickpea flour does the recipe need?
46|On which day is Robin's therapist now?
53|What is Lee's blood type?
58|Which old maps does Lee collect?
47|What's the code for the bike shed?
26|When will Robin's wisdom teeth be pulled?
34|What is Noor's thesis about?
"""

OTHER = """
1|What is Robin's cat called?
2|When does Kim's new job begin?
3|How did the surgery of Lee's mother go?
4|Where will the wedding in Noor's family take place?
5|How does Tomas get around now that his car is gone?
6|Is Robin allergic to any nuts?
7|By how much does Kim's flat get more expensive?
8|How many tries did Lee need to get the licence?
9|Which evening course does Noor attend?
10|When is the concert of Tomas's group?
11|How do I get into Robin's flat without ringing the bell?
14|When is the birthday of Noor's father?
15|What injury does Tomas have?
17|What name has Kim picked for the baby?
19|For how long has Noor not touched a cigarette?
21|Which language is Robin studying?
22|What did Kim inherit?
23|Which instrument does Lee play?
24|What time does Noor's plane arrive?
25|Where did Tomas ask his girlfriend to marry him?
27|What made Kim stop eating meat?
28|What does Lee's sibling do for a living?
29|Which colleague of Noor's cannot have wheat?
31|Who has borrowed Robin's camping gear?
32|What did Kim's puppy swallow?
33|What gives Lee headaches?
35|What is the hidden ingredient in the stew of Tomas's grandmother?
36|What colour are the walls in the room where Robin sleeps?
38|Which garden plot is Lee's?
39|What is Noor afraid of?
41|Which pictures were lost when Robin's computer broke?
42|What sport did Kim do as a student?
43|By which composer is the piece in which Lee is the soloist?
44|Why does Noor sleep during the day?
48|What is wrong with Lee's eyesight?
49|From where did Noor get her dogs?
50|How did Tomas earn money as a teenager?
52|Where will Kim spend the summer holiday?
54|In which city was Noor stranded?
55|What charity does Tomas help out at?
56|How did Robin get hurt as a child?
57|Who will be Kim's new manager?
59|What does Noor ferment at home?
60|Which bird has Tomas had inked on his body?
63|Why is it so loud at night where Lee lives?
64|How much money does Noor owe?
"""

HELD = """
2|Where will Kim be working soon?
5|Which vehicle did Tomas purchase?
6|Which ingredient must we leave out when baking for Robin?
7|How much extra does Kim pay to the owner of the apartment?
9|What does Noor do with clay?
11|Robin is away, how do we unlock the door?
13|What brought Lee to Saxony?
15|Why is Tomas not playing at the moment?
19|Who has given up tobacco?
20|When will somebody repair the heating at Tomas's?
22|Who received albums from a relative?
24|At what hour do we pick Noor up from the airport?
27|Why doesn't Kim want a steak?
28|Who in Lee's family works at sea?
33|Which drink should we not serve to Lee?
36|What did Robin do to the flat at the weekend?
38|In which row do we find Lee's vegetables?
44|What are Noor's working hours like?
49|What kind of pets does Noor keep?
52|In which Danish town did Kim reserve a house?
56|What accident did Robin have in childhood?
59|Which Korean dish does Noor make?
62|Who is ill in Kim's family?
64|Who lent Noor the money for the flat?
"""

NEAR = """
Kim|what's that cat in your profile picture called
Lee|my aunt's cat is named after a cheese
Tomas|Robin your cat has opinions about this call
Noor|new job, who dis
Robin|is the new job thing with the bakery still on for your cousin, Kim?
Kim|mum says the operation of the neighbour took five hours
Tomas|my mother wants to come on Friday too
Robin|that wedding on the telly yesterday was in Venice, of all places
Lee|weddings are expensive, that's all I say
Tomas|Lisbon is on my list since forever
Kim|the car made that noise again
Robin|somebody parked their car on the pavement AGAIN
Lee|is anyone here allergic to bees, asking before Sunday's picnic
Noor|peanuts are not even nuts, look it up
Noor|flats here have become so expensive it's a joke
Robin|January is far too long for one month
Tomas|how many tries do you get on that quiz before it locks you out
Robin|my driving licence photo looks like a mugshot
Tomas|evening classes should come with dinner
Kim|Tuesday at seven there's the match on, just saying
Noor|that concert was sold out in four minutes
Robin|the festival line-up is the same as last year with other fonts
Lee|whoever has the key to the letterbox please bring it back
Kim|forgot my keys, sitting on the stairs like a teenager
Robin|my password manager has forgotten its own password
Tomas|the wifi on that train is a lie
Noor|Leipzig in the snow looks like a postcard
Kim|birthday cake for breakfast is legal
Lee|whose birthday is it on the twelfth, there's a balloon in the calendar
Robin|my father calls every gadget "the tablet"
Lee|I hurt myself laughing at that video
Kim|football at our place on Saturday?
Noor|umbrellas are a scam invented by the wind
Robin|the Thai soup there is better than the noodles
Tomas|that baby on the bus smiled at everybody except me
Lee|names for my sourdough: taking suggestions
Kim|our neighbour smokes on the balcony right under our window
Robin|a cigarette break without cigarettes is just standing outside
Lee|the plumber from the advert has a great moustache
Kim|I need a plumber for my life
Noor|which language has the word for the day after tomorrow again
Kim|studying for nothing in particular, just reading the dictionary
Robin|I would inherit a debt and a cuckoo clock, at best
Tomas|learning an instrument at forty is humbling
Noor|someone plays the trumpet in our building, badly
Robin|planes are just buses with worse sandwiches
Kim|arrive early, leave early, that's my rule
Lee|the lighthouse documentary is on again tonight
Kim|"marry me", he said to the burger
Noor|the dentist charges for looking at you
Tomas|teeth are luxury bones
Lee|I tried that meat substitute and it tasted of pencil
Robin|vegetarian schnitzel was fine actually
Noor|what do you all do for a living that you can chat at eleven in the morning
Tomas|my colleague brings wheat beer to meetings, in a thermos
Kim|the office cake was gone in nine minutes, I timed it
Lee|town hall has the nicest clock in town and it's wrong
Noor|renewing anything at an office takes a blood sacrifice
Tomas|camping is paying to be cold
Kim|tents always smell the same
Robin|puppies at the park today, I was useless all afternoon
Noor|chess is war for people who like sitting
Kim|headache all day, must be the weather
Robin|red wine stains, does salt help or is that a myth
Tomas|somebody told me marsh plants can be eaten like beans
Lee|chapter two of that novel is so slow
Noor|goulash weather today
Kim|grandmother used to put everything in jelly
Robin|what colour is this jumper, honestly
Lee|walls so thin I know my neighbour's ringtone
Tomas|the anniversary edition costs twice as much for one more song
Noor|third of May is a Sunday this year isn't it
Robin|the garden centre has a sale on blue pots
Kim|which plot did the villain have in that film, I fell asleep
Lee|afraid I ate the last of the biscuits
Tomas|spiders this big in the cellar, I'm moving out
Kim|Sunday at the station was packed because of the match
Noor|the fountain in the park is frozen and it looks great
Robin|send the pictures from the barbecue when you find time
Tomas|my computer restarts whenever it feels like it
Robin|student discount still works with my face, apparently
Lee|the rowing machine at the gym is a clothes rack now
Noor|Brahms or Schumann, never can tell
Tomas|December concert season means no free evenings
Lee|slept until noon, no shame
Robin|night shift at the bakery next door starts at two, you can smell it
Noor|flour everywhere, I look like a ghost
Kim|the recipe says a pinch, whose pinch
Noor|Mondays should be optional
Lee|my bike shed idea of a weekend: fixing one tyre for three hours
Robin|the code review from hell, day four
Tomas|new glasses, the world has edges
Kim|the traffic light has been red for nine minutes, is it broken
Lee|greyhound buses are not a thing here
Robin|Spain won by the way
Noor|ice cream in January is a personality
Kim|pocket money was two marks a week and we were happy
Tomas|statistics say that you all talk too much
Lee|failed the captcha four times, I may be a robot
Robin|holiday photos of other people: the true horror
Kim|summer can come now, I'm ready
Tomas|do they give you a biscuit when you donate blood
Lee|trains cancelled, of course, it's a day ending in y
Robin|Kassel has those weird art shows doesn't it
Noor|charity shop had the exact lamp I threw away
Kim|Wednesday feels like Thursday
Lee|trampolines in gardens are a plague
Robin|manager of the month is the coffee machine
Noor|my team lost, don't speak to me
Tomas|maps on my phone sent me into a field
Kim|collecting things is hoarding with labels
Robin|cabbage again? cabbage again.
Lee|heron by the canal today, very judgemental
Kim|tattoos at my age? maybe a small regret on the ankle
Noor|the bank app logged me out for my own safety
Robin|chickenpox parties were a real thing, can you believe it
Tomas|the bar quiz is at eight, we lost to pensioners last time
Kim|earplugs are the best two euros I ever spent
Noor|so loud on this train
Lee|owe you all an apology about the karaoke
Tomas|money comes and goes, mostly goes
"""


def told() -> list[tuple[int, str, str]]:
    rows = (line.split("|", 2) for line in TOLD.strip().splitlines())
    return [(int(number), who, text) for number, who, text in rows]


def asked(questions: str) -> list[tuple[int, str]]:
    rows = (line.split("|", 1) for line in questions.strip().splitlines())
    return [(int(number), text) for number, text in rows]


def near() -> list[tuple[str, str]]:
    rows = (line.split("|", 1) for line in NEAR.strip().splitlines())
    return [(who, text) for who, text in rows]
