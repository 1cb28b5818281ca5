# chapter3_batch.gp: the variance of the gradient estimate against the batch size, measured on the toy problem
# (points), beside the exact variance of one text divided by the batch. Credit: the reward to go.
figure = 'chapter3_batch'
load root.'/plots/style.gp'
file = data.'variance.csv'

set title 'Twice the texts, half the variance'
set xlabel 'texts in a batch'
set ylabel 'variance of the gradient'
set logscale xy 2
set format y '%g'
set xrange [0.9:*]
set rmargin 4
set key at graph 0.99, 0.98 samplen 2
size(b) = column('credit') == 1 && column('baseline') == b ? column('batch') : NaN
plot file using (size(0)):'variance' with points linetype 1 pointsize 0.9 title 'no baseline', \
    file using (size(1)):'variance' with points linetype 2 pointsize 0.9 title 'the other texts', \
    file using (size(2)):'variance' with points linetype 3 pointsize 1 title 'moving average', \
    file using (size(0)):'expected' with lines @bound title 'exact: that of one text / texts', \
    file using (size(2)):'expected' with lines @bound
