"""Given names that are one name in several languages: Мікалай, Николай, Микола, Nicholas.

Each line is one name: the gender, then its forms in Belarusian (official and classical), Russian, Ukrainian,
Polish, Lithuanian and English, and its short forms where they belong to one name alone. Spellings that sound
like a form (Mikalai, Mikałaj) need no place here. From general knowledge (2026-11), as persons of these
countries are called in the press of the others; no list of persons. A name that is missing is compared by its
sound.
"""

from functools import cache, lru_cache
from typing import Final, Literal

from processors.languages.tokens import exact_form
from processors.name_search.sounds import sounds, stems_of_name

Gender = Literal["m", "f"]

_NAMES: Final = """
m Аляксандр Аляксандар Александр Олександр Aleksander Aleksandras Alexander + Саша Алик Шура Санько Alex
m Аляксей Алексей Олексій Aleksy Aleksiejus Alexis Alexey + Лёша Лёха
m Альберт Albertas
m Анатоль Анатолий Анатолій Anatolijus + Толя Толік
m Андрэй Андрей Андрій Andrzej Andrius Andrew Анджей Анджэй + Андрус
m Антон Антоній Антоний Antoni Antanas Anthony Antony + Антось
m Арсень Арсеній Арсений Arseniusz
m Артур Artūras Arthur
m Арцём Арцемій Артём Артем Артемій Artemiusz Artemijus + Цёма
m Багдан Богдан Bohdan Bogdan Bogdanas
m Барыс Борис Borys Borisas
m Браніслаў Бронислав Броніслав Bronisław Bronius
m Вадзім Вадим Wadim Vadimas
m Валерый Валеры Валерий Валерій Walery Valerijus + Валера
m Валянцін Валентин Walenty Valentinas Valentine
m Васіль Василий Василь Wasyl Bazyli Vasilijus Basil + Вася
m Веньямін Вениамин Веніамін Beniamin Benjamin Benjaminas + Веня
m Вячаслаў Вячеслав В'ячеслав Wiaczesław Viačeslavas + Слава
m Віктар Виктор Віктор Wiktor Viktoras Victor + Вітя
m Віталь Виталий Віталій Witalij Vitalijus
m Генадзь Геннадий Геннадій Giennadij Genadijus
m Георгій Георгий Jerzy George Jurgis + Юрась Жора Гога
m Глеб Гліб Gleb Hleb
m Даніла Даніл Даніель Данила Даниил Данило Данііл Daniel Danielius Danylo + Даник
m Дзяніс Денис Dionizy Denisas Dennis Denis
m Дзмітрый Зміцер Зьміцер Дмитрий Дмитро Dymitr Dmitrijus Dmitry + Змітрок Дима Дзіма
m Дамінік Доминик Домінік Dominik Dominykas Dominic
m Едмунд Эдмунд Edmund Edmundas + Ed Eddie Ned
m Казімір Казимир Kazimierz Kazimieras Kazys Casimir
m Канстанцін Константин Костянтин Konstanty Konstantinas Constantine + Костя Косць
m Карл Кароль Карло Karol Karolis Charles + Charlie
m Кірыл Кірыла Кирилл Кирило Cyryl Kirilas Cyril
m Кузьма Козьма Kosma
m Клім Клим Климент
m Лаўрэн Лаўрэнцій Лаврентий Лаврін Wawrzyniec Laurynas Lawrence Laurence
m Леанід Лявон Леонид Леонід Leonid Leonidas + Лёня
m Лукаш Лука Łukasz Lukas Luke Luka
m Леў Лев Lew Levas Leo
m Максім Максим Maksym Maksimas Maxim Максімілян
m Марк Марко Marek Markas Mark Marcus
m Марцін Мартин Мартын Marcin Martynas Martin
m Мацвей Матвей Матвій Mateusz Matas Matthew Матэвуш + Matt
m Мікалай Мікола Николай Микола Mikołaj Nikolajus Mikalojus Nicholas + Коля Nick
m Мікіта Никита Микита Nikita
m Міхаіл Міхал Михаил Михайло Michał Mykolas Michael + Міхась Міша Миша Mike
m Мсціслаў Мстислав
m Назар Назарый Назарій Nazar
m Павел Павал Павло Paweł Paulius Povilas Paul + Паша
m Пятро Пётр Пётра Петро Piotr Petras Peter + Петя
m Радзівон Родион Родіон Radion
m Радаслаў Радослав Radosław + Radek
m Раман Роман Roman Romanas + Рома
m Рыгор Григорий Григорій Grzegorz Grigorijus Gregory Гжегож Гжэгаж + Рыгорка Гриша Greg
m Рыхард Ричард Ryszard Ričardas Richard Рышард + Dick Rick
m Руслан Rusłan Ruslanas
m Станіслаў Станислав Станіслав Stanisław Stanislovas Stanislaus + Стас Стась
m Сцяпан Степан Stefan Steponas Stephen Steven Стефан Стэфан Stepan + Steve
m Свяцаслаў Сьвятаслаў Святаслаў Святослав Światosław
m Сямён Сымон Семён Семен Szymon Simonas Simon + Сёма
m Сяргей Сергей Сергій Sergiusz Sergejus Serge Sergius + Сяржук Серёжа
m Тадэвуш Тадеуш Фаддей Tadeusz Tadas Thaddeus
m Тамаш Фама Фома Хома Tomasz Tomas Thomas + Tom
m Тарас Taras
m Тарасій Тарасий
m Тимур Цімур Timur
m Цімафей Цімох Тимофей Тимофій Tymoteusz Timotiejus Timothy + Tim
m Ціхан Тихон Tichon
m Уладзімір Уладзімер Владимир Володимир Włodzimierz Vladimiras Volodymyr Vladimir + Вова Валодзя Володя
m Уладзіслаў Владислав Władysław Vladislavas Vladas + Влад Улад
m Усевалад Всеволод
m Фёдар Фёдор Федір Теодор Teodor Fiodor Teodoras Theodore + Хведар Тодар Федя
m Францішак Франц Франциск Франтишек Franciszek Pranciškus Pranas Francis + Frank
m Фелікс Феликс Feliks Feliksas Felix
m Юзаф Язэп Іосіф Осип Иосиф Йосип Йосиф Юзеф Józef Juozapas Juozas Joseph + Joe
m Юліян Юлиан Юліан Julian Julius Julijonas
m Юрый Юры Юрий Юрій Jurij Jurijus + Юра
m Якуб Якаў Яков Яків Jakub Jokūbas Jacob James Якаб
m Яўген Яўгеній Яўхім Евгений Євген Євгеній Eugeniusz Evgenijus Jevgenijus Eugene
m Яўстафій Остап Евстафий
m Ян Іван Иван Ivan Iwan Jonas Jan John Ёнас Йонас Ioan + Янка Ваня Jack
m Яраслаў Ярослав Jarosław Jaroslavas + Ярык
m Яфім Ефим Юхим Jefim
m Ягор Егор Єгор
m Ілья Ільля Илья Ілля Ilja
m Ігар Игорь Ігор Igoris
m Ігнат Ігнацы Игнат Гнат Ignacy Ignas Ignatius
m Алег Олег Oleg Olegas
m Алесь Олесь
m Адам Adam Adomas
m Аркадзь Аркадий Аркадій Arkadiusz Arkadijus
m Астап
m Апанас Афанасий Опанас Панас Atanazy Athanasius
m Эдуард Эдвард Едуард Edward Eduardas Edvardas Едвард
m Эмануіл Эммануил Еммануїл Emanuel Emanuelis
m Эрнест Ернест Ernest Ernestas
m Уільям Уильям Вільям Вильям Wilhelm William Vilius Вільгельм + Bill Billy Will Bob
m Роберт Robert Robertas + Bobby Rob
m Генрых Генрих Генріх Henryk Henrikas Henry + Harry
m Крыштаф Кшыштаф Христофор Кшиштоф Krzysztof Kristupas Christopher + Chris
m Войцех Wojciech Vaitiekus Adalbert
m Збігнеў Збигнев Збігнєв Zbigniew
m Мечыслаў Мечислав Mieczysław
m Вацлаў Вацлав Wacław Vaclovas
m Зянон Зенон Zenon Zenonas
m Вінцэнт Вінцук Викентий Вікентій Wincenty Vincas Vincent
m Вітаўт Витовт Вітольд Витольд Witold Vytautas
m Себасцьян Себастьян Sebastian Sebastijonas
m Патрык Патрик Patryk Patrikas Patrick
m Самуіл Самуил Самуїл Samuel Samuelis + Sam
m Давід Давыд Давид Dawid Dovydas David + Dave
m Трафім Трофим
m Піліп Філіп Филипп Пилип Filip Pilypas Philip + Phil
m Прохар Прохор
m Макар Макарий Makary
m Захар Захарий Zachariasz Zachary
m Сава Савва Саўка Saba
m Усцін Юстин Устин Justyn Justinas Justin
m Чарльз Чарлз
m Джон
m Джордж
m Джэймс Джеймс
m Джозеф
f Аляксандра Александра Олександра Aleksandra Alexandra + Саша Аля Sandra
f Алена Алёна Елена Олена Helena Elena Helen Хелена + Лена Алёнка
f Алеся Алясандра Олеся Леся
f Аліна Алина Alina
f Аліса Алиса Alicja Alice
f Ала Алла Alla
f Альбіна Альбина Albina
f Анастасія Настасся Анастасия Anastazja Anastasija Настасья + Наста Настя
f Ангеліна Ангелина Angelina Анхеліна Анжаліка Анжелика
f Антаніна Антонина Антоніна Antonina
f Аксана Оксана Ксенія Ксеня Ксения Oksana Ksenija Xenia Аксіння Аксинья
f Барбара Варвара Barbara
f Вера Віра Wiera Vera
f Вераніка Вероника Вероніка Weronika Veronika Veronica
f Валянціна Валентина Walentyna Valentina
f Валерыя Валерия Валерія Waleria Valerija + Лера
f Васіліса Василиса
f Вікторыя Виктория Вікторія Wiktoria Viktorija Victoria + Віка Вика
f Віялета Виолетта Віолетта Wioletta Violeta
f Вольга Ольга Olga + Волька Оля
f Галіна Галина Halina Galina + Галя
f Ганна Анна Anna Ona Anne Hanna Hannah + Аня Ганя
f Дар'я Дарыя Дарья Дарія Daria Darja + Даша
f Дзіяна Диана Діана Diana
f Ева Эва Ewa Ieva Eve Єва
f Еўдакія Евдокия Євдокія Аўдоцця Авдотья Явдокія
f Ефрасіння Ефросинья
f Ефимия Яўхімія
f Жанна Жана Joanna Jana Janina Яна Яніна Янина Іаанна Jane
f Зінаіда Зинаида Зінаїда Zinaida + Зіна
f Зоя Zoja Zofia Софія София Соф'я Софья Сафія Sofija Sophia + Зося Sophie Соня
f Ірына Ірэна Ирина Ірина Irena Irina Irene + Іра
f Інга Инга Inga
f Іна Инна Інна Inna
f Кацярына Екатерина Катерина Katarzyna Kotryna Catherine Katherine Катажына Катажина + Kate Кацярынка Катя
f Карына Карина Каріна Karina
f Каміла Камилла Kamila Camilla
f Кіра Кира
f Клаўдзія Клавдия Клавдія Klaudia Claudia
f Крысціна Христина Кристина Крістіна Krystyna Kristina Christina Кшысціна
f Ларыса Лариса Larysa Larisa
f Ліза Лізавета Елизавета Єлизавета Elżbieta Elžbieta Elizabeth Эльжбета Альжбета + Liz Beth Betty
f Лідзія Лидия Лідія Lidia Lidija Lydia
f Лілія Лилия Lilia Lilija Lily
f Любоў Любовь Любов Luba + Люба
f Людміла Людмила Ludmiła Liudmila + Люда
f Мадлена Магдалена Мадалена Magdalena Magdalene
f Малгажата Малгожата Маргарита Маргарыта Małgorzata Margarita Margaret Малґожата + Рита Peggy
f Марыя Мария Марія Марья Maria Marija Mary Marie + Маша Маруся Molly
f Марына Марина Maryna Marina
f Марта Марфа Marta Martha
f Мілана Милана
f Надзея Надежда Надія Nadzieja Nadiežda Nadia + Надя
f Наталля Натальля Наталія Наталья Наталия Natalia Natalija Natalie + Наташа Natasha
f Ніна Нина Nina
f Ніка Ника
f Паліна Полина Поліна Paulina Pauline Апалінарыя
f Раіса Раиса Раїса Raisa + Рая
f Рута Rūta Ruth
f Рэгіна Регина Регіна Regina
f Сабіна Сабина Sabina
f Святлана Сьвятлана Светлана Світлана Swietłana Svetlana + Света
f Станіслава Станислава Stanisława
f Сцепаніда Степанида
f Тамара Tamara
f Таісія Таисия Таїсія
f Таццяна Тацяна Татьяна Тетяна Tatiana Tatjana + Таня
f Тэрэза Тереза Teresa Teresė Theresa
f Ульяна Уляна Juliana Julijona
f Эльвіра Эльвира Ельвіра Elwira
f Элеанора Элеонор Елеонор Элеонора Eleonora Eleanor + Ellie Nora Nell
f Эма Эмма Емма Emma
f Эмілія Эмилия Емілія Emilia Emilija Emily
f Юлія Юлия Julia Julija Juliet + Юля
f Яўгенія Евгения Євгенія Eugenia Evgenija Eugenie + Женя
f Агата Агафья Agata Agatha
f Агнешка Агнеса Агнія Агния Agnieszka Agnė Agnes
f Ядвіга Ядвига Jadwiga Jadvyga Hedwig
f Данута Danuta Danutė
f Шарлота Шарлотта Charlotte Karolina Carolina Caroline Кароліна + Lottie Charly
f Рэбека Ребекка Rebecca + Becky
f Люцыя Лючия Łucja Liucija Lucy
"""


@cache
def _classes() -> dict[str, frozenset[tuple[int, Gender]]]:
    """Skeleton of a form in the nominative: numbers of the names it belongs to, with their gender."""
    found: dict[str, set[tuple[int, Gender]]] = {}
    for number, gender, forms in _lines():
        for form in forms:
            for skeleton in sounds(form):
                found.setdefault(skeleton, set()).add((number, gender))
    return {skeleton: frozenset(some) for skeleton, some in found.items()}


@cache
def _exact() -> dict[str, frozenset[tuple[int, Gender]]]:
    found: dict[str, set[tuple[int, Gender]]] = {}
    for number, gender, forms in _lines():
        for form in forms:
            found.setdefault(exact_form(form), set()).add((number, gender))
    return {form: frozenset(some) for form, some in found.items()}


def _lines(*, short: bool = True) -> list[tuple[int, Gender, list[str]]]:
    made: list[tuple[int, Gender, list[str]]] = []
    for number, line in enumerate(_NAMES.strip().split("\n")):
        full, _, others = line.partition(" + ")
        gender, *forms = full.split()
        made.append((number, "m" if gender == "m" else "f", forms + (others.split() if short else [])))
    return made


@cache
def _stems() -> dict[str, frozenset[tuple[int, Gender]]]:
    found: dict[str, set[tuple[int, Gender]]] = {}
    for number, gender, forms in _lines():
        for form in forms:
            for stem in stems_of_name(form):
                found.setdefault(stem, set()).add((number, gender))
    return {stem: frozenset(some) for stem, some in found.items()}


@cache
def _initials() -> dict[int, frozenset[str]]:
    return {
        number: frozenset(letter for form in forms for letter in initial_letters(form))
        for number, _, forms in _lines(short=False)
    }


_LATIN_INITIALS: Final = {
    "a": "а", "b": "б", "c": "цчк", "č": "ч", "ć": "цч", "d": "д", "e": "еэя", "f": "ф", "g": "г", "h": "гх",
    "i": "ияюі", "j": "йяюеж", "k": "кх", "l": "л", "ł": "л", "m": "м", "n": "н", "o": "о", "p": "п", "q": "к",
    "r": "р", "s": "сшщ", "š": "ш", "ś": "с", "t": "тц", "u": "у", "v": "в", "w": "ву", "x": "хк", "y": "яюеий",
    "z": "зж", "ž": "ж", "ż": "ж", "ź": "з", "ė": "э",
}  # fmt: skip
_CYRILLIC_INITIALS: Final = {"і": "и", "ї": "и", "ё": "е", "є": "е", "э": "е", "ґ": "г", "ў": "у", "ы": "и"}


@lru_cache(maxsize=4096)
def initial_letters(word: str) -> frozenset[str]:
    """The Cyrillic letters that the first letter of a name may stand for."""
    first = word[:1].casefold()
    letters = _LATIN_INITIALS.get(first, first)
    return frozenset(_CYRILLIC_INITIALS.get(letter, letter) for letter in letters)


def names_of_nominative(word: str) -> frozenset[tuple[int, Gender]]:
    """The names that a word is a nominative form of: their numbers and genders; none of an unknown name."""
    if (exact := _exact().get(exact_form(word))) is not None:
        return exact
    known = _classes()
    return frozenset().union(*(known.get(skeleton, frozenset()) for skeleton in sounds(word)))


def names_of_stem(stem: str) -> frozenset[tuple[int, Gender]]:
    """The names that have a form with this stem (`sounds.stems_of_name`)."""
    return _stems().get(stem, frozenset())


def initials_of_name(number: int) -> frozenset[str]:
    """The letters that stand for this name, in all languages."""
    return _initials()[number]
