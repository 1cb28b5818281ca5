# chapter1_recall.gp: how many nats more than the truth each order pays for a character that belongs to
# something `distance` characters back; at 0, for all that belong to nothing. A curve for each order
# and seed. Given by the program: first, last (orders).
figure = 'chapter1_recall'
load root.'/plots/style.gp'
if (!exists("first")) { first = 1; last = 6 }
file = data.'recall.csv'

set title 'Where a word returns, counting has forgotten it'
set xlabel 'characters back to what a character belongs to'
set ylabel 'nats per character above the truth'
set xtics add ('nothing' 0)

# bins with very few places are left out
stats file using (column('distance') > 0 ? column('places') : NaN) nooutput
few = 0.05 * STATS_max
stats file using (column('places') < few ? NaN : column('distance')) nooutput
most = STATS_max
stats file using (column('places') < few ? NaN : column('excess_nats')) nooutput
top = STATS_max
stats file using (column('places') >= few && column('distance') == most ? column('seed') : NaN) nooutput
seed = STATS_min # the first that goes so far
stats file using 'order' nooutput
last = STATS_max # of a run that was stopped early, fewer

# the order's name where its curve ends, pushed up where two would overlap
ends(n) = column('order') == n && column('seed') == seed && column('distance') == most
above = -1
do for [n=last:first:-1] {
    undefine STATS_*
    stats file using (ends(n) ? column('excess_nats') : NaN) nooutput
    if (exists("STATS_max")) {
        above = STATS_max > above + 0.045 * top ? STATS_max : above + 0.045 * top
        set label sprintf(n == first ? '  order %d' : '  %d', n) at first most, above textcolor rgb colour((n - first) % 8 + 1)
    }
}
set xrange [-3:most + 1]
set yrange [0:1.05 * top]

at(n) = column('order') == n && column('distance') > 0 && column('places') >= few ? column('distance') : NaN
none(n) = column('order') == n && column('distance') == 0 ? 0 : NaN
plot for [n=first:last] file using (at(n)):'excess_nats' with linespoints linetype n - first + 1, \
    for [n=first:last] file using (none(n)):'excess_nats' with points linetype n - first + 1
