# chapter1_learning.gp: held-out bits per symbol against the amount of training text, a curve for each
# order and seed. Given by the program: first, last (orders), unit ('character'), floor (bits, or
# -1 where the entropy isn't known).
figure = 'chapter1_learning'
load root.'/plots/style.gp'
if (!exists("first")) { first = 1; last = 6 }
if (!exists("unit")) unit = 'character'
if (!exists("floor")) floor = -1
file = data.'curves.csv'

set title floor > 0 ? 'Counting learns fast, then stands still' : 'What more text is worth to counting'
set xlabel 'symbols of training text'
set ylabel 'bits per '.unit.', held-out text'
set logscale x
set format x '10^{%T}'

stats file using 'seed' nooutput
seed = STATS_min
stats file using (column('seed') == seed ? column('symbols') : NaN) nooutput
most = STATS_max
stats file using 'bits_named' nooutput
top = STATS_max
stats file using (column('seed') == seed && column('symbols') == most ? column('order') : NaN) nooutput
last = STATS_max # of a run that was stopped early, fewer

# the order's name where its curve ends, pushed up where two would overlap
ends(n) = column('order') == n && column('seed') == seed && column('symbols') == most
above = -1
do for [n=last:first:-1] {
    undefine STATS_*
    stats file using (ends(n) ? column('bits_named') : NaN) nooutput
    if (exists("STATS_max")) {
        above = STATS_max > above + 0.045 * top ? STATS_max : above + 0.045 * top
        set label sprintf(n == first ? '  order %d' : '  %d', n) at first most, above textcolor rgb colour((n - first) % 8 + 1)
    }
}
set xrange [*:1.02 * most]
set yrange [0:1.05 * top]

plot for [n=first:last] file using (column('order') == n ? column('symbols') : NaN):'bits_named' \
        with linespoints linetype n - first + 1, \
    (floor > 0 ? floor : NaN) with lines @bound title here('true entropy') at end
