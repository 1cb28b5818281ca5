# chapter5_twenty.gp: how many symbols each of twenty seeds needs to half of the reward and to 0.95, by
# algorithm, and the median. Draws chapter5_twenty.csv.
figure = 'chapter5_twenty'
load root.'/plots/style.gp'
file = data.'chapter5_twenty.csv'
names = '"no baseline" REINFORCE actor-critic PPO'
is(i) = strcol('algorithm') eq word(names, i)
# the seeds of an algorithm stand beside one another, in their order
x(i, to) = is(i) ? i + to * 5.5 + (column('seed') - 10.5) / 28 : NaN

set ylabel 'thousand symbols drawn'
set yrange [0:*]
set xrange [0.4:10.1]
set xtics scale 0
unset grid
set grid ytics back linetype 7 linecolor rgb '#e4e4e4' linewidth 0.8 dashtype solid
set rmargin 3
set xtics ("no\nbaseline" 1, 'REINFORCE' 2, "actor,\ncritic" 3, 'PPO' 4, \
    "no\nbaseline" 6.5, 'REINFORCE' 7.5, "actor,\ncritic" 8.5, 'PPO' 9.5)
set bmargin 4.6
set label 1 'until half of the reward' at 2.5, graph 1.04 center textcolor rgb ink
set label 2 'until 0.95' at 8, graph 1.04 center textcolor rgb ink
array median[8]
do for [i=1:4] {
    stats file using (is(i) ? column('half') / 1000 : NaN) nooutput
    median[i] = STATS_median
    stats file using (is(i) ? column('most') / 1000 : NaN) nooutput
    median[4 + i] = STATS_median
}
style(i) = i == 4 ? 1 : i == 3 ? 3 : i == 2 ? 2 : 7
plot for [i=1:4] file using (x(i, 0)):(column('half') / 1000) with points pointtype 7 pointsize 0.55 linecolor rgb colour(style(i)), \
    for [i=1:4] file using (x(i, 1)):(column('most') / 1000) with points pointtype 7 pointsize 0.55 linecolor rgb colour(style(i)), \
    for [i=1:8] '+' using (i + (i > 4 ? 1.5 : 0) + ($0 == 0 ? -0.36 : 0.36)):(median[i]) every ::0::1 with lines linecolor rgb ink linewidth 1.6 dashtype solid
