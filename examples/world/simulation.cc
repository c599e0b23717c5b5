#include "examples/world/simulation.h"

#include <algorithm>
#include <array>
#include <vector>

#include "btBulletDynamicsCommon.h"
#include "examples/world/pitch.h"

namespace weft::world {
namespace {

constexpr float kReach = 2.2f;       // from the spot before an avatar to a body it can pick up
constexpr float kHeldAbove = 1.9f;   // where it carries it: this far above its middle,
constexpr float kHeldBefore = 0.6f;  // and this far in front
constexpr float kHoldSpeed = 15;     // how fast the carried body follows
constexpr float kLetGoAt = 4;        // beyond this distance it is lost
constexpr float kThrowSpeed = 12;
constexpr float kThrowUp = 4;
constexpr float kKickReach = 2;  // from the spot before an avatar to the middle of the game's ball
constexpr float kKickSpeed = 11;
constexpr float kKickUp = 3;

btVector3 ToBullet(Vector v) { return {v.x, v.y, v.z}; }
Vector FromBullet(const btVector3& v) { return {v.x(), v.y(), v.z()}; }

std::unique_ptr<btCollisionShape> MakeShape(const KindInfo& info) {
  switch (info.shape) {
    case Shape::kBox:
      return std::make_unique<btBoxShape>(ToBullet(info.half));
    case Shape::kSphere:
      return std::make_unique<btSphereShape>(info.half.x);
    case Shape::kCylinder:
      return std::make_unique<btCylinderShape>(ToBullet(info.half));
    case Shape::kCapsule:
      break;
  }
  return std::make_unique<btCapsuleShape>(info.half.x, 2 * (info.half.y - info.half.x));
}

}  // namespace

class Simulation::Impl {
 public:
  explicit Impl(absl::Span<const Placement> bodies) : bodies_(bodies.size()) {
    world_.setGravity({0, -9.81f, 0});
    for (int kind = 0; kind < kKinds; ++kind) {
      shapes_[kind] = MakeShape(InfoOf(static_cast<Kind>(kind)));
    }
    AddWall({0, 1, 0}, 0);
    AddWall({1, 0, 0}, -kHalfSize);
    AddWall({-1, 0, 0}, -kHalfSize);
    AddWall({0, 0, 1}, -kHalfSize);
    AddWall({0, 0, -1}, -kHalfSize);
    for (const Placement& body : bodies) {
      entities_.push_back(MakeEntity(body.kind, body.position, body.yaw));
      btRigidBody& made = *entities_.back().body;
      const bool ball = body.kind == Kind::kBall || body.kind == Kind::kGameBall;
      made.setFriction(0.6f);
      made.setRestitution(ball ? 0.6f : 0.1f);
      made.setRollingFriction(ball ? 0.1f : 0.02f);  // otherwise they would roll from wall to wall
      made.setDamping(ball ? 0.15f : 0.05f, ball ? 0.5f : 0.2f);
      made.forceActivationState(ISLAND_SLEEPING);
      if (body.kind == Kind::kGameBall) pitch_.Bound(made);
    }
  }

  ~Impl() {
    for (Entity& entity : entities_) {
      if (entity.body != nullptr) world_.removeRigidBody(entity.body.get());
    }
    for (const auto& wall : walls_) world_.removeRigidBody(wall->body.get());
  }

  EntityId AddAvatar(Vector position) {
    const EntityId id = UnusedId();
    entities_[id] = MakeEntity(Kind::kAvatar, position, 0);
    btRigidBody& body = *entities_[id].body;
    body.setAngularFactor(0);
    body.setFriction(0);
    body.setActivationState(DISABLE_DEACTIVATION);
    return id;
  }

  void RemoveAvatar(EntityId id) {
    LetGo(entities_[id]);
    world_.removeRigidBody(entities_[id].body.get());
    entities_[id] = {};
  }

  bool Drive(EntityId id, const Controls& controls) {
    Entity& avatar = entities_[id];
    btRigidBody& body = *avatar.body;
    body.setLinearVelocity(
        ToBullet(DrivenVelocity(FromBullet(body.getLinearVelocity()), controls)));
    avatar.yaw = controls.yaw;
    if (!controls.act) return false;
    const Vector direction = DirectionOfYaw(YawOf(controls));
    if (avatar.carried != kNoEntity) {
      Throw(avatar, direction);
      return false;
    }
    if (Kick(avatar, direction)) return true;
    PickUp(avatar, direction);
    return false;
  }

  void Step() {
    for (size_t id = bodies_; id < entities_.size(); ++id) {
      if (entities_[id].carried != kNoEntity) Carry(entities_[id]);
    }
    world_.stepSimulation(kTickSeconds, 0);
  }

  void Put(EntityId id, Vector position) {
    btRigidBody& body = *entities_[id].body;
    btTransform transform;
    transform.setIdentity();
    transform.setOrigin(ToBullet(position));
    body.setWorldTransform(transform);
    body.setInterpolationWorldTransform(transform);
    body.setLinearVelocity({0, 0, 0});
    body.setAngularVelocity({0, 0, 0});
    body.clearForces();
    body.activate(true);
  }

  struct Entity {
    Kind kind{};
    std::unique_ptr<btRigidBody> body{};  // null: unused
    EntityId carried = kNoEntity;
    uint8_t yaw = 0;
    bool held = false;
  };

  const std::vector<Entity>& entities() const { return entities_; }
  size_t bodies() const { return bodies_; }

 private:
  struct Wall {
    Wall(Vector normal, float offset) : shape(ToBullet(normal), offset) {}
    btStaticPlaneShape shape;
    std::unique_ptr<btRigidBody> body;
  };

  void AddWall(Vector normal, float offset) {
    Wall& wall = *walls_.emplace_back(std::make_unique<Wall>(normal, offset));
    wall.body = std::make_unique<btRigidBody>(0, nullptr, &wall.shape);
    wall.body->setFriction(0.8f);
    wall.body->setRestitution(0.4f);
    wall.body->setRollingFriction(0.05f);
    world_.addRigidBody(wall.body.get());
  }

  // The next id of avatars, in turn, that is unused; a new one if there is none.
  EntityId UnusedId() {
    const size_t ids = entities_.size() - bodies_;
    for (size_t i = 0; i < ids && ids >= kAvatarIds; ++i) {
      const size_t id = bodies_ + next_avatar_++ % ids;
      if (entities_[id].body == nullptr) return static_cast<EntityId>(id);
    }
    entities_.emplace_back();
    return static_cast<EntityId>(entities_.size() - 1);
  }

  Entity MakeEntity(Kind kind, Vector position, float yaw) {
    const float mass = InfoOf(kind).mass;
    btCollisionShape* shape = shapes_[static_cast<int>(kind)].get();
    btVector3 inertia(0, 0, 0);
    shape->calculateLocalInertia(mass, inertia);
    btRigidBody::btRigidBodyConstructionInfo info(mass, nullptr, shape, inertia);
    const Rotation rotation = RotationOfYaw(yaw);
    info.m_startWorldTransform.setIdentity();
    info.m_startWorldTransform.setOrigin(ToBullet(position));
    info.m_startWorldTransform.setRotation({rotation.x, rotation.y, rotation.z, rotation.w});
    Entity entity{.kind = kind, .body = std::make_unique<btRigidBody>(info)};
    world_.addRigidBody(entity.body.get());
    return entity;
  }

  static Vector PositionOf(const Entity& entity) {
    return FromBullet(entity.body->getWorldTransform().getOrigin());
  }

  // The nearest body to the spot before the avatar's feet or chest that no avatar holds.
  void PickUp(Entity& avatar, Vector direction) {
    const Vector spot = PositionOf(avatar) + direction;
    float nearest = kReach;
    for (size_t id = 0; id < bodies_; ++id) {
      if (entities_[id].held || entities_[id].kind == Kind::kGameBall) continue;
      const float distance = Length(PositionOf(entities_[id]) - spot);
      if (distance >= nearest) continue;
      nearest = distance;
      avatar.carried = static_cast<EntityId>(id);
    }
    if (avatar.carried == kNoEntity) return;
    Entity& body = entities_[avatar.carried];
    body.held = true;
    avatar.body->setIgnoreCollisionCheck(body.body.get(), true);
    body.body->setIgnoreCollisionCheck(avatar.body.get(), true);
  }

  // Whether the game's ball was before the avatar.
  bool Kick(Entity& avatar, Vector direction) {
    const Vector spot = PositionOf(avatar) + direction;
    const auto ball = std::find_if(entities_.begin(), entities_.end(),
                                   [](const Entity& e) { return e.kind == Kind::kGameBall; });
    if (ball == entities_.end() || Length(PositionOf(*ball) - spot) > kKickReach) return false;
    const Vector with = FromBullet(avatar.body->getLinearVelocity()) * 0.5f;
    ball->body->activate(true);
    ball->body->setLinearVelocity(
        ToBullet(direction * kKickSpeed + Vector{with.x, kKickUp, with.z}));
    return true;
  }

  // Pulls it into place by its velocity alone, so that it still collides with things.
  void Carry(Entity& avatar) {
    btRigidBody& body = *entities_[avatar.carried].body;
    const float yaw = YawOf({.yaw = avatar.yaw});
    const Vector place =
        PositionOf(avatar) + DirectionOfYaw(yaw) * kHeldBefore + Vector{0, kHeldAbove, 0};
    const Vector way = place - FromBullet(body.getWorldTransform().getOrigin());
    if (Length(way) > kLetGoAt) return LetGo(avatar);
    const Vector with = FromBullet(avatar.body->getLinearVelocity());
    body.activate(true);
    body.setLinearVelocity(ToBullet(Limit(way * (kHoldSpeed / 1.5f), kHoldSpeed) + with));
    body.setAngularVelocity(body.getAngularVelocity() * 0.8f);
  }

  void Throw(Entity& avatar, Vector direction) {
    btRigidBody& body = *entities_[avatar.carried].body;
    LetGo(avatar);
    body.activate(true);
    const Vector with = FromBullet(avatar.body->getLinearVelocity());
    body.setLinearVelocity(ToBullet(direction * kThrowSpeed + Vector{with.x, kThrowUp, with.z}));
  }

  void LetGo(Entity& avatar) {
    if (avatar.carried == kNoEntity) return;
    Entity& body = entities_[avatar.carried];
    body.held = false;
    avatar.body->setIgnoreCollisionCheck(body.body.get(), false);
    body.body->setIgnoreCollisionCheck(avatar.body.get(), false);
    avatar.carried = kNoEntity;
  }

  const size_t bodies_;
  btDefaultCollisionConfiguration configuration_;
  btCollisionDispatcher dispatcher_{&configuration_};
  btDbvtBroadphase broadphase_;
  btSequentialImpulseConstraintSolver solver_;
  btDiscreteDynamicsWorld world_{&dispatcher_, &broadphase_, &solver_, &configuration_};
  std::array<std::unique_ptr<btCollisionShape>, kKinds> shapes_;
  std::vector<std::unique_ptr<Wall>> walls_;
  std::vector<Entity> entities_;
  size_t next_avatar_ = 0;  // where the search for an unused id continues
  Pitch pitch_{world_};
};

Simulation::Simulation(absl::Span<const Placement> bodies)
    : impl_(std::make_unique<Impl>(bodies)) {}
Simulation::~Simulation() = default;

EntityId Simulation::AddAvatar(Vector position) { return impl_->AddAvatar(position); }
void Simulation::RemoveAvatar(EntityId avatar) { impl_->RemoveAvatar(avatar); }
bool Simulation::Drive(EntityId avatar, const Controls& controls) {
  return impl_->Drive(avatar, controls);
}
void Simulation::Step() { impl_->Step(); }
void Simulation::Put(EntityId body, Vector position) { impl_->Put(body, position); }

EntityId Simulation::end() const { return static_cast<EntityId>(impl_->entities().size()); }
size_t Simulation::bodies() const { return impl_->bodies(); }

bool Simulation::Exists(EntityId id) const { return impl_->entities()[id].body != nullptr; }
Kind Simulation::kind(EntityId id) const { return impl_->entities()[id].kind; }

Pose Simulation::pose(EntityId id) const {
  const btTransform& transform = impl_->entities()[id].body->getWorldTransform();
  const btQuaternion rotation = transform.getRotation();
  return {FromBullet(transform.getOrigin()),
          {rotation.x(), rotation.y(), rotation.z(), rotation.w()}};
}

Vector Simulation::velocity(EntityId id) const {
  return FromBullet(impl_->entities()[id].body->getLinearVelocity());
}

uint8_t Simulation::yaw(EntityId avatar) const { return impl_->entities()[avatar].yaw; }
EntityId Simulation::carried(EntityId avatar) const { return impl_->entities()[avatar].carried; }

size_t Simulation::awake() const {
  const auto& entities = impl_->entities();
  return std::count_if(entities.begin(), entities.begin() + static_cast<ptrdiff_t>(bodies()),
                       [](const auto& entity) { return entity.body->isActive(); });
}

}  // namespace weft::world
