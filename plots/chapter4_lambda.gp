# chapter4_lambda.gp: variance and bias of the gradient estimate against GAE's lambda, on the toy problem, where
# both are exact (lines) and were measured too (points): for a critic that is right, that has learnt nothing, and
# that is wrong.
figure = 'chapter4_lambda'
load root.'/plots/style.gp'
file = data.'lambda.csv'

set terminal svg size 760,620 dynamic rounded background '#ffffff' \
    font 'Helvetica,Arial,sans-serif,14' name figure
array names[3] = ['right', 'knows nothing', 'wrong']
of(c) = column('critic') == c ? column('lambda') : NaN
stats file using 'gradient' nooutput
gradient = STATS_max

set multiplot
set xrange [0:1]
set yrange [0:*]
set rmargin 18
set origin 0, 0.52; set size 1, 0.48
set format x ''
set bmargin 1
set title 'How much of the critic''s word to take'
set ylabel 'variance'
set ytics 0.1
do for [c=0:2] {
    stats file using (column('critic') == c && column('lambda') == 1 ? column('variance') : NaN) nooutput
    set label c + 1 names[c + 1] at first 1.02, STATS_max textcolor rgb colour(c + 1)
}
plot for [c=0:2] file using (of(c)):'variance' with lines linetype c+1, \
    for [c=0:2] file using (of(c)):'measured' with points linetype c+1
unset label; unset title

set origin 0, 0; set size 1, 0.52
set tmargin 0.8; set bmargin 3.6
set format x '%g'
set xlabel 'λ    (0: take the critic''s word, 1: only what came)'
set ylabel 'bias'
set ytics 0.2
plot for [c=0:2] file using (of(c)):'bias' with lines linetype c+1, \
    for [c=0:2] file using (of(c)):'measured_bias' with points linetype c+1, \
    gradient with lines @bound title here('the gradient''s length') at end
unset multiplot
