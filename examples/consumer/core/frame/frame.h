// A header of this workspace with the name of one of Weft's.

#ifndef CONSUMER_CORE_FRAME_FRAME_H_
#define CONSUMER_CORE_FRAME_FRAME_H_

namespace consumer {

struct PictureFrame {
  int width_mm = 0;
  int height_mm = 0;
};

}  // namespace consumer

#endif  // CONSUMER_CORE_FRAME_FRAME_H_
