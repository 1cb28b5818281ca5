# chapter0_kernel.gp: what each idea is worth to a matrix product: its multiply-adds per second as a
# share of what the processor can do, from three loops to the kernel. Draws chapter0_kernel.csv.
figure = 'chapter0_kernel'
load root.'/plots/style.gp'
file = data.'chapter0_kernel.csv'

set title 'Four programs that do the same multiply-adds in the same order'
set xlabel 'share of what one core could do'
set xrange [0:1.08]
set for [i=0:5] xtics (sprintf('%d', 20 * i).' %%' 0.2 * i)
set yrange [4.4:0.5]
unset ytics
unset border
set lmargin 3; set rmargin 3
label(x) = (x < 10 ? sprintf('%.1f', x) : sprintf('%.0f', x)).' %'
share(i) = column('gflops') / column('peak')
plot file using (share(0) / 2):0:(share(0) / 2):(0.16) with boxxyerror linetype 1 fillstyle solid 0.9 notitle, \
    file using (0 * share(0)):($0 - 0.3):1 with labels left offset 0.3,0 notitle, \
    file using (share(0)):0:(label(100 * share(0))) with labels left offset 0.6,0 notitle
