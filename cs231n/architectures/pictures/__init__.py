"""Pictures of networks. Every function returns the Figure and never calls plt.show.

fig = draw_graph(zoo.build("resnet50"))
fig.savefig("resnet50.svg")

draw_graph             layers as boxes, and what they read as lines
draw_volumes           the volumes from input to output, to scale
plot_costs             parameters, activations and multiply-adds of each layer
draw_receptive_field   what one output sees of the picture
plot_zoo               accuracy against work of the famous networks
"""

from cs231n.architectures.pictures.costs import plot_costs
from cs231n.architectures.pictures.fields import draw_receptive_field
from cs231n.architectures.pictures.graph import draw_graph
from cs231n.architectures.pictures.volumes import draw_volumes
from cs231n.architectures.pictures.zoo_chart import plot_zoo

__all__ = ["draw_graph", "draw_receptive_field", "draw_volumes", "plot_costs", "plot_zoo"]
