# chapter5_ceiling.gp: the exact objective on its way to the exact ceiling, a line for each seed; below
# it what is missing, on a scale of powers of ten. Draws ceiling.csv.
figure = 'chapter5_ceiling'
load root.'/plots/style.gp'
file = data.'ceiling.csv'

stats file using 'seed' nooutput
first = STATS_min; last = STATS_max
stats file using 'ceiling' nooutput
ceiling = STATS_max
stats file using 'objective' every ::0::0 nooutput
start = STATS_max
stats file using 'symbols' nooutput
longest = STATS_max / 1000
# a row of another run breaks the line
x(s) = column('seed') == s ? column('symbols') / 1000 : NaN

set terminal svg size 760,620 dynamic rounded background '#ffffff' \
    font 'Helvetica,Arial,sans-serif,14' name figure
set multiplot
set xrange [0:longest]

set origin 0, 0.47; set size 1, 0.53
set title 'PPO and the best that there is'
set ylabel 'J_β, exact'
set yrange [start - 0.02:*]
set format x ''
set bmargin 1
set label 1 'β log Z' at longest, ceiling offset 1,0 textcolor rgb '#555555'
set label 2 'the reference' at longest, start offset 1,0 textcolor rgb '#555555'
plot ceiling with lines @bound, start with lines @bound, \
    for [s=first:last] file using (x(s)):'objective' with lines linetype 1 linewidth 1.3
unset label; unset title

set origin 0, 0; set size 1, 0.48
set tmargin 0.6; set bmargin 3.6
set format x '%.0fk'
set xlabel 'sampled symbols'
set ylabel 'missing, of the whole way'
set yrange [0.001:1]
set logscale y
set ytics ('100%%' 1, '10%%' 0.1, '1%%' 0.01, '0.1%%' 0.001)
plot 0.01 with lines @bound title here('99% reached') at end, \
    for [s=first:last] file using (x(s)):(1 - column('share')) with lines linetype 1 linewidth 1.3
unset multiplot
