/* tales_rules.c: the tales themselves, as a grammar (its notation: tales_grammar.h).
 *
 * Each row of "tale" is one shape. Letters mean the same in all of them: N the hero, M a friend,
 * G a grown-up, A an animal, C a colour, T a thing, P a place, F something to eat.
 * Lists hold no word that begins another, so that every choice shows in the text (tests check it),
 * and none that would need "an" before it. */
#include "tales_grammar.h"

const Rule TALES_RULES[] = {
    /* lost and found */
    {"tale", 1,
     "[N=hero] lost [N:her|his] [C=colour] [T=thing] in the [P=place]. A [mood] [A=animal] "
     "[found]. [N] [hugged] the [A] and the [C] [T]."},
    /* a stranger */
    {"tale", 1,
     "[day] [N=hero] met a [mood] [A=animal] in the [P=place]. \"[greeting]\" it said. They [sang] "
     "that the [P] [shook]."},
    /* who ate it? */
    {"tale", 1,
     "[G=elder] made [F=food] for [N=hero]. \"Who [took] my [F]?\" asked [N]. \"[not me],\" "
     "said [M=friend] with [F] on [M:her|his] [nose]."},
    /* a wish */
    {"tale", 1,
     "[N=hero] wished for a [C=colour] [T=thing]. [N:She|He] told no one but [secret]. At [feast] "
     "[G=elder] gave [N:her|him] a [C] [T]."},
    /* a swap */
    {"tale", 1,
     "[N=hero] had a [T=thing] and [M=friend] had a [C=colour] [Y=toy]. They swapped. Now [N] has "
     "a [C] [Y] and [M] has a [T]."},
    /* hide and seek */
    {"tale", 1,
     "[N=hero] hid from [M=friend] in the [P=place]. [M:She|He] looked [everywhere]. \"[noise]!\" "
     "went the [P]. \"Found you, [N]!\" [cried] [M]."},
    /* a bedtime story */
    {"tale", 1,
     "\"Tell me of the [D=mood] [A=animal],\" said [N=hero] in bed. So [G=elder] did. All night "
     "[N] rode the [D] [A] [far]."},
    /* a race */
    {"tale", 1,
     "The [A=animal] and the [S=slow] raced to the [P=place]. The [A] [dallied]. In the [P] "
     "the [S] [waited] for the [A]."},
    /* a gift in bad weather */
    {"tale", 1,
     "[weather]. [N=hero] saw a [poor] [A=animal] and gave it [N:her|his] [C=colour] [W=clothes]. "
     "Now the [A] [sleeps] the [C] [W]."},
    /* a treasure */
    {"tale", 1,
     "An old map led [N=hero] to the [P=place]. [N:She|He] dug up a [C=colour] [T=thing]. "
     "\"[hurray]!\" cried [N], and the [P] [rang]."},
    /* a knock at the door */
    {"tale", 1,
     "Knock, knock! In came a [mood] [A=animal] with a [C=colour] [T=thing]. "
     "\"[greeting]\" it said. \"[N=hero], is this your [C] [T]?\""},
    /* a question to the sky */
    {"tale", 1,
     "\"Where is my [C=colour] [T=thing]?\" asked [N=hero]. \"Look in the [P=place],\" [sighed] "
     "the [sky]. In the [P] lay the [C] [T]."},
    /* a strange seed */
    {"tale", 1,
     "[N=hero] planted a [C=colour] [B=seed] in the [P=place]. [G=elder] [laughed]. By [spring] "
     "the [P] was full of [C] [B]s."},
    /* a new friend */
    {"tale", 1,
     "[M=friend] was new in the [P=place] and felt [alone]. Then [N=hero] [welcomed]. Now [M] and "
     "[N] [share] in the [P]."},
    /* a letter */
    {"tale", 1,
     "\"Dear [G=elder], please send a new [T=thing]. The [A=animal] [spoiled] mine. I miss you. "
     "Love, [N=hero]. The [A] says [regards].\""},
    /* a sleepless night */
    {"tale", 1,
     "The [D=mood] [A=animal] could not sleep. \"Count [K=plums],\" said [adviser]. Soon the [D] "
     "[A] [snored] and dreamed of [K]."},
    /* tea for two */
    {"tale", 1,
     "[N=hero] came to tea. \"[greeting]\" said [M=friend]. \"I made [F=food].\" But the "
     "[A=animal] [was first]. No [F] for [N] and [M]!"},
    /* a noise in the dark */
    {"tale", 1,
     "[N=hero] heard a [bump] under the bed. [N:She|He] took [N:her|his] [C=colour] [T=thing] and "
     "looked. A [mood] [A=animal] wanted [N:her|his] [C] [T]."},

    /* who; of heroes and friends the first rule is she, the second he */
    {"hero", 1, "Lily/Mia/Ruby/Nora/Zoe/Ella/Rose/Ivy"},
    {"hero", 1, "Tom/Ben/Max/Sam/Leo/Finn/Jack/Hugo"},
    {"friend", 1, "Anna/Clara/Daisy/Kate/Molly/Penny"},
    {"friend", 1, "Adam/Billy/Danny/Oscar/Peter/Toby"},
    {"elder", 1, "Mama/Granny/Aunt Sue/Papa/Grandpa/Uncle Bob"},
    {"animal", 1, "fox/cat/dog/frog/mouse/rabbit/duck/bear/goat/hen/pony/pig/crow/robin/wolf/lamb"},
    {"slow", 1, "snail/turtle/worm/slug"},
    {"adviser", 1, "an owl/the moon/a bat/the wind"},

    /* what and where */
    {"colour", 1, "red/blue/green/yellow/white/black/pink/purple/golden/silver"},
    {"thing", 1,
     "kite/ball/boat/drum/bell/book/lamp/box/key/ring/spoon/whistle/basket/teapot/bucket/cup/"
     "pillow/broom/flute/mirror"},
    {"toy", 1, "train/doll/wagon/puzzle/sled/swing/top/puppet"},
    {"clothes", 1, "hat/scarf/coat/mitten/sock/boot/cape/sweater"},
    {"seed", 1, "bean/button/coin/bead/feather/ribbon/candle/pebble"},
    {"plums", 1, "plums/stars/cherries/waves/leaves/carrots/clouds/fish"},
    {"food", 1, "soup/bread/cake/jam/honey/cheese/pie/toast/pudding/stew"},
    {"place", 1,
     "garden/barn/kitchen/forest/attic/cellar/castle/tent/cave/park/meadow/village/bakery/school/"
     "tower/mill"},

    /* how */
    {"mood", 1, "shy/brave/sleepy/hungry/grumpy/tiny/merry/clever"},
    {"poor", 1, "cold/wet/sad/thin"},
    {"alone", 1, "lonely/sad/lost/small"},
    {"everywhere", 1, "high and low/up and down/behind a chair/under a rug"},

    /* when */
    {"day", 1, "One day/One night/On Monday/Last week/At dawn/In May"},
    {"spring", 1, "spring/summer/autumn/winter/June/dusk"},
    {"feast", 1, "bedtime/breakfast/the fair/New Year"},

    /* what is done */
    {"found", 1, "found it/sat on it/dug it up/fell over it"},
    {"hugged", 1, "hugged/kissed/thanked/washed"},
    {"sang", 1, "sang so loud/danced so hard/laughed so much/jumped so high"},
    {"shook", 1, "shook/rang/woke up/fell down"},
    {"took", 1, "took/ate/stole/tasted"},
    {"nose", 1, "nose/chin/hands/shoes"},
    {"cried", 1, "cried/called/said/sang"},
    {"far", 1, "to the moon/over the sea/home/around the world"},
    {"dallied", 1, "took a nap/ate lunch/got lost/fell asleep"},
    {"waited", 1, "waited/made tea/looked/baked a tart"},
    {"sleeps", 1, "sleeps in/sings to/will not give back/dances with"},
    {"rang", 1, "rang/cheered/shone/was glad"},
    {"sighed", 1, "sighed/whispered/sang/said"},
    {"laughed", 1, "laughed/smiled/shrugged/gave it water/did not believe it"},
    {"spoiled", 1, "ate/broke/sat on/hid"},
    {"snored", 1, "snored/smiled/slept/purred"},
    {"was first", 1, "came first/had been there/was hungry/could smell it"},
    {"share", 1, "fly kites/bake pies/climb trees/tell jokes/catch frogs"},

    /* what is said; here "hello" has its place */
    {"greeting", 1,
     "Oh, hello!/Good day!/Hi there!/Nice hat!/Let us play!/Who are you?/Welcome!/What luck!/I'm "
     "lost!"},
    {"welcomed", 1,
     "said hello/told a joke/gave [M:her|him] a plum/smiled at [M:her|him]/took [M:her|his] "
     "hand/began to sing/lent [M:her|him] a book/made [M:her|him] laugh/showed [M:her|him] a nest"},
    {"regards", 1,
     "hello/sorry/good night/thank you/that was fun/nothing/it was dark/you will laugh/meow"},
    {"not me", 1, "Not me/No idea/A ghost did/I was asleep"},
    {"noise", 1, "Achoo/Meow/Ouch/Hic"},
    {"hurray", 1, "Hurray/Oh my/At last/Look"},
    {"bump", 1, "bump/squeak/sneeze/giggle"},
    {"secret", 1, "the moon/a star/[N:her|his] shadow/the cat"},
    {"weather", 1, "It rained/Snow fell/The wind howled/Winter came"},
    {"sky", 1, "moon/wind/sun/rain/river/echo"},

    {0},
};
