"""Word pools, invented words, and which of them training never sees.

A word is held out when it belongs to the fixed evaluation words or when a hash
of it says so; invented words are split by the same hash. Evaluation cases use
held-out words only, so a right answer cannot have been learned by heart.
"""
import hashlib

NOUNS = """
hotel apple guitar lantern market dolphin museum honey daisy valve carpet forest painting needle desk
willow hammer train router theater cable generator warehouse station tunnel bakery
anchor antenna apron arch arrow artist badge bag balcony ball balloon banana bank barn barrel basket bath
battery beach beacon bean bell belt bench bicycle bird blanket boat bolt book bottle bowl box bracket brake
branch bread brick bridge broom brush bucket bus button cabin cactus camel camera canal candle canoe cart
castle cat cave cellar chain chair cheese cherry chimney circus clock cloud coat coffee coin compass cookie
copper corn cotton couch crane crate crown cup curtain diamond dish dock dog door dragon drawer dress drill
drum duck eagle elevator engine factory falcon farm feather fence ferry field filter fish flag flower flute
fork fountain fox freezer fridge frog garage garden gate glass globe glove goat grape grill harbor harp hat
heater hedge helmet horse hose house igloo island jacket jar jeep jewel kettle key kitchen kite knife ladder
lake lamp laptop leaf lemon lens library lighthouse lion lock locker magnet mango maple mask meadow melon
mill mirror mixer monitor moon motor mountain mouse mug mushroom napkin nest net notebook oak ocean office
olive onion orange orchard oven owl paddle palace panda paper park parrot pasta peach pear pencil pepper
piano pillow pilot pine pipe pizza planet plate plow pocket pond pony poster potato printer projector pump
pumpkin puppet quilt rabbit radio raft rail raven ribbon rice ring river robot rocket roof room rope rose
rudder rug saddle salad salt sandwich saw scale scarf school scissors screw shed sheep shelf shell ship shirt
shoe shop shovel silo sink skate ski sled soap sofa spider sponge spoon stadium stair stamp star statue stove
straw suitcase sun swan swing switch table tank tape tea telescope tent tiger tile toast tomato torch towel
tower toy tractor tray tree trolley truck trumpet turbine turtle umbrella van vase violin wagon wall wallet
watch wheel whistle window wing wolf yacht yard zebra
""".split()

ADJECTIVES = """
silver quiet private annual weekly square
amber bitter black blue bold brave bright brown calm cheap clean clear clever cold cool crisp daily damp dark
deep dry early empty fancy fast fine flat fresh gentle golden good grand gray green hard heavy high hollow
hot huge humble indoor large late light little local long loud low main modern monthly narrow new noisy north
old open outdoor pale plain polite proud public purple quick rapid rare red rich round rusty shared sharp
shiny short shy simple slow small smooth soft solid sour south spare spicy steep strong sunny sweet tall tidy
tiny usual warm west wet white wide wild wooden yellow young
""".split()

STEMS = """
proposal letter journal status thesis plan guide feedback lecture course trip contacts
agenda archive backup bill book budget chapter checklist contract data diary draft email essay event form
handbook homework ideas info inventory invoice items lab list log manual meeting memo menu minutes notes offer
order outline overview paper planning price program project protocol quote readme recipe record report
research review roster sales schedule script setup shopping sketch spec story summary supplies survey task
team template test ticket todo tour training travel update work workshop
""".split()

FIRST_NAMES = """
Omar Irene Sara Rafael Emil Martin Linda Samir Doris James Lukas Julia Edith Eva Sofia Owen David George Susan
Chloe
Ada Adam Agnes Ahmed Alan Alice Amir Amy Anders Andrea Anna Anton Arthur Astrid Aya Ben Bianca Boris Bruno
Carla Carlos Carmen Cecil Clara Colin Dana Daniel Daria Derek Diana Diego Dora Elena Elif Elias Ella Emma
Erik Esther Fatima Felix Fiona Frank Freya Gina Grace Greta Hana Hannah Harry Hassan Helen Henry Hugo Ida
Igor Ines Ingrid Isaac Ivan Jack Jana Jonas Judith Karl Kate Kenji Kim Lara Laura Leo Lena Lily Lisa Louis
Lucia Maja Marco Maria Marta Max Maya Mei Mia Milan Mina Nadia Nina Noah Nora Olga Oscar Otto Paula Pedro
Peter Petra Pia Priya Ravi Rita Rosa Ruth Sam Simon Sven Tara Theo Tim Tina Tom Uma Vera Victor Walter Yara
Yuki Zoe
""".split()

LAST_NAMES = """
Haddad Wood Carter Lindqvist Santos Romero Meyer Clarke Berg Tanaka Jones Dubois
Abbott Ahmadi Almeida Andersen Bailey Baker Barros Bauer Becker Bell Bennett Bianchi Blanc Bose Braun Brooks
Brown Castro Chen Cohen Collins Cooper Costa Cruz Dahl Davis Diaz Duarte Ellis Eriksen Evans Farah Ferrari
Fischer Fleming Foster Fuchs Garcia Gray Green Hansen Harris Hayes Hill Hoffmann Howard Hughes Ibrahim Ito
Ivanov Jensen Kaya Keller Khan Kim Klein Koch Kovac Kumar Lang Larsen Lee Lopez Mason Meier Mendes Mills
Moreau Moreno Mori Murphy Nash Nguyen Nielsen Novak Olsen Park Patel Perez Petrov Pinto Porter Price Quinn
Ramos Reed Reyes Ricci Rossi Roth Ruiz Sato Schmidt Shah Silva Singh Sousa Stone Suzuki Torres Turner Vargas
Vogel Wagner Walker Weber White Winter Wolf Wright Yang Young Zhang Ziegler
""".split()

CITIES = """
Toronto Osaka Bergen Boston
Accra Ankara Antwerp Athens Austin Baku Basel Berlin Bern Bilbao Bogota Bremen Brno Cairo Calgary Cork Dallas
Delhi Denver Dublin Dresden Florence Geneva Ghent Graz Hamburg Hanoi Helsinki Houston Izmir Jakarta Kyoto
Lagos Leeds Leipzig Lima Lisbon London Lyon Madrid Malmo Manila Marseille Miami Milan Mumbai Munich Nairobi
Naples Nice Oslo Paris Perth Phoenix Porto Prague Quito Riga Rome Rotterdam Seattle Seoul Seville Sofia
Split Sydney Tampere Tallinn Tokyo Turin Utrecht Valencia Vienna Vilnius Warsaw Zagreb Zurich
""".split()

KEYS = [key.strip() for key in """
blood type, license, vendor, department, rent, grade, status, host, support email, level, price, bonus,
opening time, table number, invoice number, seat, reviewer,
account number, address, age, altitude, amount, answer, arrival time, assistant, author, balance, band, bill,
birthday, booking number, branch name, brand, budget, build number, bus line, capacity, captain, case number,
category, chair, chapter, city, class, client, closing time, code, codec, color, company, contact,
contact person, country, course number, currency, customer, customer number, deadline, delivery date,
departure time, deposit, depth, destination, diet, director, discount, distance, district, doctor, door code,
driver, due date, duration, editor, email, end date, engine type, entry fee, error code, exam date, fax,
fee, file size, flight number, floor, format, frequency, fuel, gate, goal, group, guest, height, host name,
hours, house number, income, interest rate, item number, job title, language, leader, length, limit, location,
locker number, main topic, manager, material, meeting room, meeting time, member number, mileage, mode, model,
mood, motto, name, next step, next visit, office, operator, opponent, order number, oven time, owner, page,
parking spot, partner, password, payment, phone, phone number, pickup time, pin, place, planet, platform, port,
position, power, priority, prize, product, profit, project lead, quantity, quota, range, rate, rating, reading,
reason, region, release date, resolution, result, return date, role, room, room number, route, salary, sample,
score, season, secretary, section, sender, serial number, server name, service, shift, shoe size, size, source,
speaker, speed, sponsor, staff, start date, start time, state, storage, street, subject, supplier, surface,
target, tax, teacher, team lead, temperature, term, theme, ticket price, time zone, timeout, title, token,
tool, topic, total, total cost, track, tracking code, trainer, transport, unit, user name, value, venue,
version, visitor, voltage, volume, warranty, wattage, website, weight, width, wifi name, winner, zip code,
zone
""".replace("\n", " ").split(",")]

# Words of the evaluation set with known phrasings; never used in training.
_EVALUATION_WORDS = set(NOUNS[:26] + ADJECTIVES[:6] + STEMS[:12] + FIRST_NAMES[:20] + LAST_NAMES[:12]
                        + CITIES[:4] + KEYS[:17])

ONSETS = """b bl br c ch cl cr d dr f fl fr g gl gr h j k kl kn kr l m n p ph pl pr qu r s sc sh sk sl sm sn sp
st str sw t th tr tw v w wh y z zh""".split()
VOWELS = "a a e e i i o o u u ai au ea ee ia io ou oa ui y".split()
CODAS = """b ck d f g k l ld lk ll m mb mp n nd ng nk nt p r rd rk rm rn rt s sh sk sp ss st t th tch v x z""".split()


def _hash(word):
    return int.from_bytes(hashlib.sha256(word.lower().encode("utf-8")).digest()[:4], "big")


def is_held_out(word):
    return word in _EVALUATION_WORDS or _hash(word) % 10 == 0


class Words:
    """Draws words from one side of the split.

    pieces: letter pieces of the vocabulary. Most invented words are made of
    random pieces, so that every piece occurs often where copying is needed;
    a piece seen only in one fixed word could not be copied elsewhere.
    """

    def __init__(self, random, held_out=False, pieces=()):
        self.random = random
        self.held_out = held_out
        self.pieces = list(pieces)
        pool = {"noun": NOUNS, "adjective": ADJECTIVES, "stem": STEMS, "first": FIRST_NAMES,
                "last": LAST_NAMES, "city": CITIES, "key": KEYS}
        self._pools = {kind: [word for word in words if is_held_out(word) == held_out]
                       for kind, words in pool.items()}

    def pool(self, kind):
        return self.random.choice(self._pools[kind])

    def common_key(self):
        """An ordinary key of the training side, also for evaluation."""
        return self.random.choice(COMMON_KEYS)

    def _syllables(self):
        pick = self.random.choice
        count = self.random.choices((1, 2, 3), (3, 6, 2))[0]
        word = ""
        for index in range(count):
            word += pick(ONSETS) + pick(VOWELS)
            if index == count - 1 or self.random.random() < 0.35:
                word += pick(CODAS) if self.random.random() < 0.7 else ""
        return word

    def piece(self):
        """A piece of the vocabulary; single letters, too, are pieces of words that merges do not cover."""
        if self.random.random() < 0.2:
            return self.random.choice("abcdefghijklmnopqrstuvwxyz")
        return self.random.choice(self.pieces)

    def piece_word(self):
        """A word of a single piece; without a vocabulary any invented word."""
        return self.random.choice(self.pieces).lower() if self.pieces else self.invented()

    def invented(self):
        while True:
            if self.pieces and self.random.random() < 0.6:
                count = self.random.choices((1, 2, 3), (3, 5, 3))[0]
                word = "".join(self.piece() for _ in range(count)).lower()
            else:
                word = self._syllables()
            if 3 <= len(word) <= 16 and (_hash(word) % 6 == 0) == self.held_out:
                return word

    def noun(self):
        return self.invented() if self.random.random() < 0.3 else self.pool("noun")

    def adjective(self):
        return self.pool("adjective")

    def invented_name(self):
        """Half of them begin with a single letter, as most names do that no merge covers."""
        word = self.invented()
        while self.random.random() < 0.5 and self.pieces:
            start = self.random.choice("abcdefghijklmnopqrstuvwxyz") + "".join(
                self.random.choice(self.pieces) for _ in range(self.random.randint(1, 2))).lower()
            if 3 <= len(start) <= 14 and (_hash(start) % 6 == 0) == self.held_out:
                word = start
                break
        return word.capitalize()

    def first_name(self):
        return self.invented_name() if self.random.random() < 0.45 else self.pool("first")

    def last_name(self):
        return self.invented_name() if self.random.random() < 0.35 else self.pool("last")

    def name(self):
        first = self.first_name()
        return first if self.random.random() < 0.35 else first + " " + self.last_name()

    def city(self):
        return self.pool("city")

    def thing(self):
        """A noun, sometimes with an adjective: "silver dolphin"."""
        noun = self.noun()
        return self.adjective() + " " + noun if self.random.random() < 0.45 else noun

    def key(self):
        draw = self.random.random()
        if draw < 0.28:
            return self.common_key()
        if draw < 0.62:
            return self.pool("key")
        if draw < 0.78:
            return self.invented()
        if draw < 0.86:
            return self.pool("noun")
        return self.noun() + " " + (self.pool("key") if self.random.random() < 0.6 else self.common_key())


COMMON_KEYS = [key for key in KEYS if not is_held_out(key)]
