# chapter2_loss.gp: held-out loss against steps (dark; training loss pale), a line for each seed,
# between guessing, counting and the truth. Draws curves.csv.
# Given: uniform, ngram and floor in nats per symbol (-1: not known), order of the best n-gram.

figure = 'chapter2_loss'
load root.'/plots/style.gp'

set logscale y
set xlabel 'step'
set ylabel 'nats per symbol'
# before any range is set: stats leaves out what lies beyond one
stats data.'curves.csv' using 2 name 'step' nooutput
stats data.'curves.csv' using 1 name 'seed' nooutput
last = step_max > 0 ? step_max : 1
set xrange [0:last]
set yrange [*:uniform * 1.15]
set ytics (0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 4, 5, 7)
set label 1 'uniform guess' at last, uniform offset 1,0 textcolor rgb '#555555'
if (ngram > 0) set label 2 sprintf("n-gram,\norder %d", order) at last, ngram offset 1,0.4 textcolor rgb '#555555'
if (floor > 0) set label 3 'entropy of the tales' at last, floor offset 1,-0.5 textcolor rgb '#555555'

plot uniform with lines @bound, \
     (ngram > 0 ? ngram : 1/0) with lines @bound, \
     (floor > 0 ? floor : 1/0) with lines @bound, \
     for [s = seed_min:seed_max] data.'curves.csv' using (column('seed') == s ? column('step') : NaN):'train_loss' with lines linetype 1 linecolor rgb faint(1) linewidth 1, \
     for [s = seed_min:seed_max] '' using (column('seed') == s ? column('step') : NaN):'held_out_loss' with lines linetype 1 linewidth (s == seed_min ? 2.6 : 1.2)
