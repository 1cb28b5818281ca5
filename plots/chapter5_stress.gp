# chapter5_stress.gp: large steps and ten epochs, with the clip and without, a line for each seed: the
# exact objective, the largest ratio. Draws stress.csv.
figure = 'chapter5_stress'
load root.'/plots/style.gp'
file = data.'stress.csv'

stats file using 'seed' nooutput
first = STATS_min; last = STATS_max
stats file using 'ceiling' nooutput
ceiling = STATS_max
stats file using 'step' nooutput
longest = STATS_max
# a row of another run breaks the line
x(s, clipped) = column('seed') == s && (column('epsilon') > 0) == clipped ? column('step') : NaN

set terminal svg size 760,620 dynamic rounded background '#ffffff' \
    font 'Helvetica,Arial,sans-serif,14' name figure
set multiplot
set xrange [0:longest]

set origin 0, 0.42; set size 1, 0.58
set title 'Large steps, ten epochs over each rollout'
set ylabel 'J_β, exact'
set format x ''
set bmargin 1
set key at graph 1.02, graph 0.85 left top Left reverse samplen 2 spacing 1.3
set label 1 'β log Z' at longest, ceiling offset 1,0 textcolor rgb '#555555'
plot keyentry with lines linetype 1 title 'the clip', \
    keyentry with lines linetype 2 title 'without', \
    ceiling with lines @bound, \
    for [s=first:last] file using (x(s, 0)):'objective' with lines linetype 2 linewidth 1.3, \
    for [s=first:last] file using (x(s, 1)):'objective' with lines linetype 1 linewidth 1.6
unset label; unset title

set origin 0, 0; set size 1, 0.43
set tmargin 0.6; set bmargin 3.6
set format x '%.0f'
set xlabel 'rollout'
set ylabel 'largest ratio'
set logscale y
set format y '10^{%T}'
set yrange [1:*]
plot for [s=first:last] file using (x(s, 0)):'largest_ratio' with lines linetype 2 linewidth 1.3, \
    for [s=first:last] file using (x(s, 1)):'largest_ratio' with lines linetype 1 linewidth 1.6
unset multiplot
