"""What the made-up reviews are composed of. Films and people do not exist."""

TITLES = [
    "The Lantern Keeper", "Seven Winters", "A House by the Canal", "Paper Moons Over Lyon",
    "The Last Ferryman", "Copper Sky", "Harvest of Glass", "The Quiet Accordion", "Nobody's Orchard",
    "Midnight at the Depot", "The Salt Road", "Blue Umbrella", "An Honest Thief", "The Clockmaker's Wife",
    "Farewell, Marigold", "Iron Sparrows", "The Understudy Returns", "Cold Harbour Lights",
    "Letters to Nowhere", "The Tenth Passenger",
]  # fmt: skip

PEOPLE = [
    "Mara Ellison", "Tobias Renn", "Ines Calloway", "Gregor Falk", "Lucille Abara", "Hiro Tanabe",
    "Petra Vance", "Owen Marchetti", "Sunniva Dahl", "Caleb Oduya", "Rosalind Kerr", "Anton Weiss",
    "Delphine Moreau", "Jasper Quill", "Noor Halabi", "Stellan Brandt", "Winifred Cole", "Mateo Barros",
    "Yulia Sorin", "Dexter Hale",
]  # fmt: skip

PLACES = [
    "a small fishing town", "occupied Warsaw", "an abandoned hotel", "a research station",
    "the suburbs of Chicago", "a mountain monastery", "a travelling circus", "a night train",
    "a failing newspaper", "a desert border post", "a boarding school", "an orbital colony",
]  # fmt: skip

PARTS = [
    "second act", "first hour", "final third", "opening sequence", "last reel", "courtroom scene",
    "dinner scene", "train chase", "flashback", "wedding scene",
]  # fmt: skip

ADJECTIVES = {
    "positive": [
        "gripping", "tender", "witty", "gorgeous", "assured", "heartfelt", "inventive", "luminous",
        "nuanced", "thrilling", "memorable", "superb", "elegant", "hilarious", "poignant", "delightful",
        "masterful", "fresh",
    ],
    "negative": [
        "tedious", "clumsy", "lifeless", "predictable", "shallow", "dreary", "incoherent", "lazy",
        "grating", "forgettable", "bland", "ridiculous", "wooden", "pretentious", "muddled", "amateurish",
        "stale", "painful",
    ],
}  # fmt: skip

OPENINGS = [
    "I saw {title} last weekend with two friends.",
    "{title} is the third feature by {director}.",
    "I had heard of {title} long before I sat down to watch it.",
    "My sister rented {title} and talked me into watching it.",
    "After years of waiting, {title} finally reached our cinema.",
    "I caught {title} on late night television.",
    "{title} stars {lead} in a role written years ago.",
    "There was a long line for {title} when I went.",
    "As someone who has followed {director} from the start, I went to see {title} on the first day.",
    "I watched {title} twice before writing this.",
    "A colleague lent me the disc of {title}.",
    "{title} runs for just under two hours.",
    "I knew nothing about {title} except the poster.",
    "We picked {title} because everything else was sold out.",
]

PLOTS = [
    "It is set in {place}, where {lead} plays a stranger with a debt to settle.",
    "{lead} plays a teacher who comes back to {place} after a funeral.",
    "The story follows three siblings and a letter found in {place}.",
    "The plot begins in {place} and spans nearly forty years.",
    "{lead} is a detective sent to {place} to find a missing boy.",
    "Two rivals are stuck in {place} over one long winter.",
    "It tells of a widow, a musician and a secret kept in {place}.",
    "A retired pilot, played by {lead}, takes one last job in {place}.",
    "A young reporter travels to {place} and meets a man who claims to be dead.",
    "In {place}, a family prepares for a wedding while a storm comes in.",
    "The film moves between {place} and a courtroom years later.",
    "{director} based it on a stage play about a robbery in {place}.",
]

JUDGEMENTS = {
    "positive": [
        "The acting is {good} from the first scene to the last.",
        "{lead} gives a {good} performance that deserves an award.",
        "I was moved to tears by the {part}.",
        "The script is {good} and never wastes a word.",
        "The photography is {good}, every frame could hang on a wall.",
        "I loved the music, which lifts the {part}.",
        "The dialogue sparkles and feels true.",
        "It kept me on the edge of my seat all evening.",
        "The chemistry between the leads is wonderful.",
        "The {part} is one of the best things I have seen in years.",
        "The pacing is perfect and two hours flew by.",
        "{director} directs with a sure and {good} hand.",
        "I laughed out loud more often than I can count.",
        "The ending is {good} and stays with you for days.",
        "Even the smallest supporting role is played beautifully.",
        "The characters are rich, flawed and easy to care about.",
        "The humour is warm and never cheap.",
        "It manages to be both {good} and {good}.",
        "The sets and costumes are a joy to look at.",
        "I enjoyed every minute of the {part}.",
        "The story surprises without ever cheating.",
        "It has real heart, and brains as well.",
        "The whole audience applauded when the lights came on.",
        "What a {good} piece of work this is.",
        "The emotional payoff is earned and powerful.",
        "The editing is crisp and the {part} is brilliant.",
        "Few films this year have been so {good}.",
        "It respects the intelligence of its viewers.",
        "The twist is clever and makes perfect sense.",
        "My children adored it and so did I.",
        "It left me smiling all the way home.",
        "The suspense builds beautifully towards an excellent finale.",
    ],
    "negative": [
        "The acting is {bad} from the first scene to the last.",
        "{lead} gives a {bad} performance and seems bored throughout.",
        "I looked at my watch again and again during the {part}.",
        "The script is {bad} and full of clichés.",
        "The photography is {bad}, half the scenes are too dark to see.",
        "I hated the music, which drowns the {part}.",
        "The dialogue is awful and nobody talks like that.",
        "It put me to sleep twice in one evening.",
        "There is no chemistry at all between the leads.",
        "The {part} is one of the worst things I have seen in years.",
        "The pacing is terrible and two hours felt like five.",
        "{director} directs with a heavy and {bad} hand.",
        "I did not laugh once, and it calls itself a comedy.",
        "The ending is {bad} and explains nothing.",
        "Even the good actors in supporting roles are wasted.",
        "The characters are flat and impossible to care about.",
        "The jokes are cheap and fall flat.",
        "It manages to be both {bad} and {bad}.",
        "The sets look like cardboard and the effects are laughable.",
        "I regretted every minute of the {part}.",
        "The story makes no sense and has holes everywhere.",
        "It has neither heart nor brains.",
        "Half of the audience walked out before the lights came on.",
        "What a {bad} mess this is.",
        "The sentimental parts are forced and fake.",
        "The editing is choppy and the {part} is a disaster.",
        "Few films this year have been so {bad}.",
        "It insults the intelligence of its viewers.",
        "The twist is stupid and ruins what little there was.",
        "My children were bored and so was I.",
        "It left me annoyed all the way home.",
        "The suspense evaporates long before a dull finale.",
    ],
}

CONCESSIONS = [
    "Some people say that {}, but that is not the whole picture.",
    "I admit that {}.",
    "Granted, {}.",
    "One could argue that {}, and still.",
    "A friend of mine thinks that {}.",
]

VERDICTS = {
    "positive": [
        "Highly recommended.",
        "Do not miss this one.",
        "I would gladly see it again tomorrow.",
        "Nine out of ten from me.",
        "A must see for anyone who loves cinema.",
        "It is well worth your time and money.",
        "One of my favourites of the year.",
        "Go and see it while you can.",
        "I cannot praise it enough.",
        "It is not perfect, but I loved it.",
        "A small treasure.",
        "Not a bad scene in the whole film.",
    ],
    "negative": [
        "Avoid it at all costs.",
        "Do not waste your time on this one.",
        "I would not see it again if you paid me.",
        "Two out of ten from me.",
        "A must miss for anyone who loves cinema.",
        "It is not worth your time or money.",
        "One of the worst of the year.",
        "Stay home and read a book.",
        "I want my money back.",
        "I wanted to like it and could not.",
        "A complete waste of talent.",
        "Not a good scene in the whole film.",
    ],
}
